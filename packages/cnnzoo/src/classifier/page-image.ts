/// <reference lib="dom" />
/** Images of a page in a browser, and their pixels. */
import type { Image } from '@cnnzoo/transforms';

/** `ImageData`, by its shape: RGBA. */
export interface PagePixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly colorSpace: string;
}

/** What a browser can draw, by its shape: a canvas, an `<img>`, a `<video>`, an `ImageBitmap`, a `VideoFrame`. */
export type PageImage =
  | { readonly width: number; readonly height: number }
  | { readonly displayWidth: number; readonly displayHeight: number };

/**
 * Decodes an image file as the browser does.
 * @throws Error where the address does not answer, DOMException for what is no image
 */
export async function decodedByBrowser(file: string | URL | Blob | Uint8Array | ArrayBuffer): Promise<Image> {
  const bitmap = await createImageBitmap(await blobOf(file));
  try {
    return pixelsOf(bitmap);
  } finally {
    bitmap.close();
  }
}

async function blobOf(file: string | URL | Blob | Uint8Array | ArrayBuffer): Promise<Blob> {
  if (file instanceof Blob) return file;
  if (typeof file !== 'string' && !(file instanceof URL)) return new Blob([new Uint8Array(file).slice()]);
  const response = await fetch(file);
  if (!response.ok) throw new Error(`${String(file)}: the server answered ${response.status} ${response.statusText}`);
  return response.blob();
}

/** The pixels, RGBA, of what a browser can draw. */
export function pixelsOf(source: PageImage): Image {
  const [width, height] = sizeOf(source);
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('the browser gives no canvas to read the pixels from');
  context.drawImage(source as ImageBitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return { data, width, height, channels: 4 };
}

/** Of the image itself, not of its place on the page. */
function sizeOf(source: PageImage): [width: number, height: number] {
  if ('displayWidth' in source) return [source.displayWidth, source.displayHeight];
  const own = source as Partial<HTMLImageElement & HTMLVideoElement>;
  return [own.naturalWidth ?? own.videoWidth ?? source.width, own.naturalHeight ?? own.videoHeight ?? source.height];
}
