import {
  check,
  checkOptions,
  either,
  integer,
  number,
  type OptionRules,
  oneOf,
  optional,
  type Rule,
  rule,
  shown,
} from '@cnnzoo/checks';
import { numbersRule } from '../arguments.js';
import { blankImage, type Image } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';

/** What pad puts around an image: a colour, the nearest pixel, or the mirrored image without or with its edge pixel. */
export type PadMode = 'constant' | 'edge' | 'reflect' | 'symmetric';

/** Pixels to add: on every side, [left and right, top and bottom], or [left, top, right, bottom]. */
export type ImagePadding = number | readonly [number, number] | readonly [number, number, number, number];

/** The rule of a padding. */
export const paddingRule: Rule<ImagePadding> = /* @__PURE__ */ rule<ImagePadding>(
  'an integer of at least 0, or two [left and right, top and bottom], or four [left, top, right, bottom]',
  (value) =>
    typeof value === 'number' ||
    (Array.isArray(value) && [2, 4].includes(value.length) && value.every((side) => typeof side === 'number')),
  (value) => [value].flat().every((side) => integer(0).fault('', side) === null),
);

/** The options of `pad`. */
export interface PadOptions {
  /** Default 'constant'. */
  readonly mode?: PadMode;
  /** The value or one value per channel of the border in mode 'constant'. Default 0. */
  readonly fill?: Fill;
}

/** One value for all channels, or one per channel. */
export type Fill = number | readonly number[];

/** The rule of a fill. */
export const fillRule: Rule<Fill> = /* @__PURE__ */ either<[number, readonly number[]]>(
  /* @__PURE__ */ number(),
  numbersRule,
);

/** The rules of what a border is. */
export const padRules: OptionRules<PadOptions> = {
  mode: /* @__PURE__ */ optional(/* @__PURE__ */ oneOf(['constant', 'edge', 'reflect', 'symmetric'])),
  fill: /* @__PURE__ */ optional(fillRule),
};

/**
 * Adds a border, as torchvision's pad.
 * @param padding pixels: on every side, [left and right, top and bottom], or [left, top, right, bottom]
 * @throws RangeError where a number is wrong
 * @example
 * import { pad } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(pad(4, { mode: 'reflect' })(photo).width); // 72
 */
export function pad(padding: ImagePadding, options: PadOptions = {}): Transform {
  const sides = paddingSides(check('padding', padding, paddingRule));
  const { mode = 'constant', fill = 0 } = checkOptions<PadOptions>('pad', options, padRules);
  return defineTransform('pad', [padding, options], (image) => padImage(image, sides, mode, fill));
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
    throw new RangeError(`fill must have a number per channel (${image.channels}), got ${shown(fill)}`);
  for (let i = 0; i < image.data.length; i++) image.data[i] = fill[i % image.channels] ?? 0;
}

/** Left, top, right and bottom of a {@link ImagePadding}. */
export function paddingSides(padding: ImagePadding): readonly [number, number, number, number] {
  const sides = typeof padding === 'number' ? [padding] : padding;
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
