/** Digits of MNIST in a page. */
import { cornerOf, sheet, sheetFile, sheetSize } from '../digits/sheet.js';
import { contextOf, smallPicture } from './pixels.js';
import { siteFile } from './site-file.js';

/** Grey bytes, 28x28 an image, and classes. */
export interface Digits {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

export interface MnistDigits {
  readonly training: Digits;
  readonly test: Digits;
}

let loading: Promise<MnistDigits> | null = null;

/** The digits of the site, fetched once. */
export function mnistDigits(): Promise<MnistDigits> {
  loading ??= load().catch((error: unknown) => {
    // The next one who asks tries again.
    loading = null;
    throw error;
  });
  return loading;
}

async function load(): Promise<MnistDigits> {
  const bitmap = await createImageBitmap(await siteFile(sheetFile));
  const context = contextOf(smallPicture(sheetSize.width, sheetSize.height));
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, sheetSize.width, sheetSize.height);
  return { training: digitsOf(data, 0, sheet.training), test: digitsOf(data, sheet.training, sheet.test) };
}

/** `count` digits of each class, class by class. */
function digitsOf(rgba: Uint8ClampedArray, from: number, count: number): Digits {
  const { classes, side } = sheet;
  const labels = Uint8Array.from({ length: classes * count }, (_, i) => Math.floor(i / count));
  const images = new Uint8Array(labels.length * side * side);
  for (const [i, label] of labels.entries()) {
    const corner = cornerOf(label, from + (i % count));
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        images[(i * side + y) * side + x] = rgba[4 * (corner + y * sheetSize.width + x)] ?? 0;
  }
  return { images, labels };
}
