/**
 * Pillow's geometric transforms (src/libImaging/Geometry.c): for every pixel of the result, the place in the image that it
 * shows. Pixels that show a place outside are left at the fill colour.
 */
import { type OptionRules, oneOf, optional } from '@cnnzoo/checks';
import { type WarpInterpolation, warpInterpolations } from '../image/filter.js';
import { type ByteImage, blankImage, type Image, isFloat } from '../image/image.js';
import { withPremultipliedAlpha } from '../image/premultiply.js';
import { warpBilinear, warpNearest } from '../simd/warp.js';
import { type Fill, fillImage, fillRule } from './pad.js';

/** Coefficients of x' = a x + b y + c, y' = d x + e y + f. */
export type AffineMatrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Coefficients of x' = (a x + b y + c) / (g x + h y + 1), y' = (d x + e y + f) / (g x + h y + 1). */
export type PerspectiveMatrix = readonly [...AffineMatrix, g: number, h: number];

/** How a transform that moves pixels fills what it does not hit. */
export interface WarpOptions {
  /** Default 'nearest', as torchvision's. */
  readonly interpolation?: WarpInterpolation;
  /** The value or one value per channel of what lies outside of the image. Default 0. */
  readonly fill?: Fill;
}

export const warpRules: OptionRules<WarpOptions> = {
  interpolation: /* @__PURE__ */ optional(/* @__PURE__ */ oneOf(warpInterpolations)),
  fill: /* @__PURE__ */ optional(fillRule),
};

/** The image of `height` x `width` whose pixel at (x, y) shows `image` at `matrix` (x, y). */
export function warp(
  image: Image,
  height: number,
  width: number,
  matrix: AffineMatrix | PerspectiveMatrix,
  { interpolation = 'nearest', fill = 0 }: WarpOptions,
): Image {
  if (interpolation === 'nearest') {
    const result = blankImage(image, width, height);
    fillImage(result, fill);
    const isAffine = matrix.length === 6;
    if (isAffine && fitsFixedPoint(image, matrix) && fitsFixedPoint(result, matrix))
      nearestAffine(image, result, matrix);
    else sample(image, result, matrix, nearestSampler(image, result));
    return result;
  }
  return withPremultipliedAlpha(image, (source) => {
    const result = blankImage(source, width, height);
    fillImage(result, fill);
    if (interpolation === 'bilinear' && !isFloat(source) && warpBilinear(source as ByteImage, result, matrix))
      return result;
    const sampler = interpolation === 'bilinear' ? bilinearSampler(source, result) : bicubicSampler(source, result);
    sample(source, result, matrix, sampler);
    return result;
  });
}

/** Writes the pixel of the result that starts at `to`, from the place (x, y) of the image, pixel centres at halves. */
type Sampler = (to: number, x: number, y: number) => void;

function sample(image: Image, result: Image, matrix: AffineMatrix | PerspectiveMatrix, write: Sampler): void {
  const [a, b, c, d, e, f, g = 0, h = 0] = matrix;
  const { width, height, channels } = result;
  for (let row = 0, to = 0; row < height; row++)
    for (let column = 0; column < width; column++, to += channels) {
      const x = column + 0.5;
      const y = row + 0.5;
      const depth = g * x + h * y + 1;
      const fromX = (a * x + b * y + c) / depth;
      const fromY = (d * x + e * y + f) / depth;
      if (fromX >= 0 && fromX < image.width && fromY >= 0 && fromY < image.height) write(to, fromX, fromY);
    }
}

function nearestSampler({ data, width, channels }: Image, result: Image): Sampler {
  return (to, x, y) => {
    const from = (Math.trunc(y) * width + Math.trunc(x)) * channels;
    for (let c = 0; c < channels; c++) result.data[to + c] = data[from + c] ?? 0;
  };
}

function bilinearSampler({ data, width, height, channels }: Image, result: Image): Sampler {
  return (to, xCenter, yCenter) => {
    const left = Math.floor(xCenter - 0.5);
    const top = Math.floor(yCenter - 0.5);
    const dx = xCenter - 0.5 - left;
    const dy = yCenter - 0.5 - top;
    const x0 = Math.max(left, 0);
    const x1 = Math.min(left + 1, width - 1);
    const y0 = Math.max(top, 0);
    const y1 = Math.min(top + 1, height - 1);
    for (let c = 0; c < channels; c++) {
      const upperLeft = data[(y0 * width + x0) * channels + c] ?? 0;
      const upperRight = data[(y0 * width + x1) * channels + c] ?? 0;
      const lowerLeft = data[(y1 * width + x0) * channels + c] ?? 0;
      const lowerRight = data[(y1 * width + x1) * channels + c] ?? 0;
      const upper = upperLeft + (upperRight - upperLeft) * dx;
      const lower = lowerLeft + (lowerRight - lowerLeft) * dx;
      result.data[to + c] = upper + (lower - upper) * dy;
    }
  };
}

function bicubicSampler(image: Image, result: Image): Sampler {
  const { data, width, height, channels } = image;
  const highest = isFloat(image) ? Infinity : 255;
  const lowest = isFloat(image) ? -Infinity : 0;
  const clip = (place: number, size: number) => Math.min(Math.max(place, 0), size - 1);
  /** Through four values with a = -1, which here differs from the filter of resize. */
  const cubic = (v1: number, v2: number, v3: number, v4: number, d: number) =>
    v2 + d * (-v1 + v3 + d * (2 * (v1 - v2) + v3 - v4 + d * (-v1 + v2 - v3 + v4)));
  return (to, xCenter, yCenter) => {
    const left = Math.floor(xCenter - 0.5);
    const top = Math.floor(yCenter - 0.5);
    const dx = xCenter - 0.5 - left;
    const dy = yCenter - 0.5 - top;
    for (let c = 0; c < channels; c++) {
      const at = (x: number, y: number) => data[(clip(y, height) * width + clip(x, width)) * channels + c] ?? 0;
      const along = (y: number) => cubic(at(left - 1, y), at(left, y), at(left + 1, y), at(left + 2, y), dx);
      const value = cubic(along(top - 1), along(top), along(top + 1), along(top + 2), dy);
      result.data[to + c] = Math.min(Math.max(value, lowest), highest);
    }
  };
}

/** Whether the corners stay where 16.16 fixed point reaches: Pillow then computes in it, and rounds accordingly. */
function fitsFixedPoint({ width, height }: Image, [a, b, c, d, e, f]: readonly number[] & AffineMatrix): boolean {
  return [
    [0, 0],
    [width, 0],
    [0, height],
    [width, height],
  ].every(([x = 0, y = 0]) => Math.abs(x * a + y * b + c) < 32768 && Math.abs(x * d + y * e + f) < 32768);
}

function nearestAffine(image: Image, result: Image, [a, b, c, d, e, f]: readonly number[] & AffineMatrix): void {
  const fixed = (value: number) => Math.floor(value * 65536 + 0.5);
  const { width, height, channels } = result;
  const [stepX, stepY] = [fixed(a), fixed(d)];
  let rowX = fixed(c + a * 0.5 + b * 0.5);
  let rowY = fixed(f + d * 0.5 + e * 0.5);
  const numbers = [rowX, rowY, stepX, stepY, fixed(b), fixed(e)];
  if (!isFloat(image) && warpNearest(image as ByteImage, result, numbers)) return;
  for (let row = 0, to = 0; row < height; row++) {
    let [x, y] = [rowX, rowY];
    for (let column = 0; column < width; column++, to += channels) {
      const fromX = x >> 16;
      const fromY = y >> 16;
      if (fromX >= 0 && fromX < image.width && fromY >= 0 && fromY < image.height)
        for (let ch = 0; ch < channels; ch++)
          result.data[to + ch] = image.data[(fromY * image.width + fromX) * channels + ch] ?? 0;
      x += stepX;
      y += stepY;
    }
    rowX += fixed(b);
    rowY += fixed(e);
  }
}
