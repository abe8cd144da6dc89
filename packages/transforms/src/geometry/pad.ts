import { checkChoice, checkInteger, checkNumber } from '../check-argument.js';
import { blankImage, describeValue, type Image } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';

/** What pad puts around an image: a colour, the nearest pixel, or the mirrored image without or with its edge pixel. */
export type PadMode = 'constant' | 'edge' | 'reflect' | 'symmetric';

/** Pixels to add: on every side, [left and right, top and bottom], or [left, top, right, bottom]. */
export type Padding = number | readonly [number, number] | readonly [number, number, number, number];

/** The options of `pad`. */
export interface PadOptions {
  /** Default 'constant'. */
  readonly mode?: PadMode;
  /** The value or one value per channel of the border in mode 'constant'. Default 0. */
  readonly fill?: Fill;
}

/** One value for all channels, or one per channel. */
export type Fill = number | readonly number[];

/**
 * Adds a border, as torchvision's pad.
 * @param padding pixels: on every side, [left and right, top and bottom], or [left, top, right, bottom]
 * @throws RangeError where a number is wrong
 * @example
 * import { pad } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(pad(4, { mode: 'reflect' })(photo).width); // 72
 */
export function pad(padding: Padding, options: PadOptions = {}): Transform {
  const [left, top, right, bottom] = paddingSides(padding);
  const { mode = 'constant', fill = 0 } = options;
  checkChoice('mode', mode, ['constant', 'edge', 'reflect', 'symmetric']);
  checkFill(fill);
  return defineTransform('pad', [padding, options], (image) => padImage(image, [left, top, right, bottom], mode, fill));
}

export function padImage(
  image: Image,
  [left, top, right, bottom]: readonly [number, number, number, number],
  mode: PadMode,
  fill: Fill,
): Image {
  const { data, width, height, channels } = image;
  const result = blankImage(image, width + left + right, height + top + bottom);
  if (mode === 'constant') {
    fillImage(result, fill);
    for (let y = 0; y < height; y++)
      result.data.set(
        data.subarray(y * width * channels, (y + 1) * width * channels),
        ((y + top) * result.width + left) * channels,
      );
    return result;
  }
  const columns = sourceIndices(width, left, right, mode);
  const rows = sourceIndices(height, top, bottom, mode);
  let out = 0;
  for (const row of rows)
    for (const column of columns) {
      const start = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) result.data[out++] = data[start + c] ?? 0;
    }
  return result;
}

/** Every pixel of `image` becomes `fill`. */
export function fillImage(image: Image, fill: Fill): void {
  if (fill === 0) return;
  if (typeof fill === 'number') {
    image.data.fill(fill);
    return;
  }
  if (fill.length !== image.channels)
    throw new RangeError(`fill must have a number per channel (${image.channels}), got ${describeValue(fill)}`);
  for (let i = 0; i < image.data.length; i++) image.data[i] = fill[i % image.channels] ?? 0;
}

export function checkFill(fill: Fill): void {
  const values = typeof fill === 'number' ? [fill] : fill;
  if (!Array.isArray(values))
    throw new RangeError(`fill must be a number or a number per channel, got ${describeValue(fill)}`);
  for (const value of values) checkNumber('fill', value);
}

/** Left, top, right and bottom of a {@link Padding}, checked. */
export function paddingSides(padding: Padding): readonly [number, number, number, number] {
  const sides = typeof padding === 'number' ? [padding] : padding;
  if (!Array.isArray(sides) || ![1, 2, 4].includes(sides.length))
    throw new RangeError(
      `padding must be a number, [left and right, top and bottom] or [left, top, right, bottom], got ${describeValue(padding)}`,
    );
  for (const side of sides) checkInteger('padding', side, 0);
  const [left = 0, top = left, right = left, bottom = top] = sides;
  return [left, top, right, bottom];
}

/**
 * For each place along a padded axis, the place in the image that it shows. A border wider than the image is mirrored again and again,
 * as numpy's pad does.
 */
function sourceIndices(size: number, before: number, after: number, mode: Exclude<PadMode, 'constant'>): Int32Array {
  return Int32Array.from({ length: before + size + after }, (_, place) => sourceIndex(place - before, size, mode));
}

function sourceIndex(index: number, size: number, mode: Exclude<PadMode, 'constant'>): number {
  if (mode === 'edge') return Math.min(Math.max(index, 0), size - 1);
  // There and back again: without the edges a second time in 'reflect'.
  const period = mode === 'reflect' ? 2 * (size - 1) : 2 * size;
  if (period === 0) return 0;
  const place = ((index % period) + period) % period;
  return place < size ? place : mode === 'reflect' ? period - place : period - 1 - place;
}
