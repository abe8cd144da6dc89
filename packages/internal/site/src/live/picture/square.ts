/** The middle square of a picture, which is what the network sees. */
import type { Image } from '@cnnzoo/transforms';
import { element } from '../elements.js';
import { contextOf } from '../pixels.js';

/** Of a larger picture, what a page shows of it. */
const largest = 480;

/** @throws DOMException for what is no picture */
export async function squareOf(file: Blob): Promise<Image> {
  const bitmap = await createImageBitmap(file);
  const shorter = Math.min(bitmap.width, bitmap.height);
  const side = Math.min(shorter, largest);
  const context = contextOf(element('canvas', { width: String(side), height: String(side) }));
  // Where a picture is transparent.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = 'high';
  const [left, top] = [(bitmap.width - shorter) / 2, (bitmap.height - shorter) / 2];
  context.drawImage(bitmap, left, top, shorter, shorter, 0, 0, side, side);
  bitmap.close();
  const { data } = context.getImageData(0, 0, side, side);
  return {
    data: Uint8Array.from({ length: side * side * 3 }, (_, i) => data[Math.floor(i / 3) * 4 + (i % 3)] ?? 0),
    width: side,
    height: side,
    channels: 3,
  };
}

/** Shows RGB bytes. */
export function showImage(canvas: HTMLCanvasElement, { data, width, height }: Image): void {
  Object.assign(canvas, { width, height });
  // Those of CIFAR and the like are shown pixel by pixel.
  canvas.classList.toggle('pixels', width < 128);
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) pixels.data.set([...data.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  contextOf(canvas).putImageData(pixels, 0, 0);
}
