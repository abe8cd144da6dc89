import { boolean, check, checkOptions, number, optional } from '@cnnzoo/checks';
import { blankImage, type Image } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';
import { flipHorizontally, flipVertically } from './flip.js';
import { type AffineMatrix, type WarpOptions, warp, warpRules } from './warp.js';

/** The options of `rotate`. */
export interface RotateOptions extends WarpOptions {
  /** The result becomes as large as the turned image, so that no corner is cut off. Default false: the size stays. */
  readonly expand?: boolean;
}

/**
 * Turns an image about its middle, as torchvision's rotate.
 * @param angle in degrees, counter-clockwise
 * @throws RangeError or TypeError where an argument is wrong
 * @example
 * import { rotate } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(rotate(15, { interpolation: 'bilinear' })(photo).width); // 64
 * console.log(rotate(90, { expand: true })(photo).width); // 48
 */
export function rotate(angle: number, options: RotateOptions = {}): Transform {
  check('angle', angle, number());
  const { expand = false, ...warping } = checkOptions<RotateOptions>('rotate', options, {
    ...warpRules,
    expand: optional(boolean),
  });
  return defineTransform('rotate', [angle, options], (image) => rotateImage(image, angle, warping, expand));
}

export function rotateImage(image: Image, angle: number, options: WarpOptions, expand = false): Image {
  const turn = ((angle % 360) + 360) % 360;
  const { width, height } = image;
  if (turn === 0) return image;
  if (turn === 180) return flipHorizontally(flipVertically(image));
  if ((turn === 90 || turn === 270) && (expand || width === height)) return quarterTurn(image, turn === 90);
  const radians = -turn * (Math.PI / 180);
  const cosine = Number(Math.cos(radians).toFixed(15));
  const sine = Number(Math.sin(radians).toFixed(15));
  const [x, y] = [width / 2, height / 2];
  const matrix: AffineMatrix = [cosine, sine, cosine * -x + sine * -y + x, -sine, cosine, -sine * -x + cosine * -y + y];
  if (!expand) return warp(image, height, width, matrix, options);
  const [a, b, c, d, e, f] = matrix;
  const corners = [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ] as const;
  const newWidth = extent(corners.map(([u, v]) => a * u + b * v + c));
  const newHeight = extent(corners.map(([u, v]) => d * u + e * v + f));
  const [right, down] = [-(newWidth - width) / 2, -(newHeight - height) / 2];
  return warp(image, newHeight, newWidth, [a, b, a * right + b * down + c, d, e, d * right + e * down + f], options);
}

/** Whole pixels that places along an axis reach over. */
function extent(places: readonly number[]): number {
  return Math.ceil(Math.max(...places)) - Math.floor(Math.min(...places));
}

function quarterTurn(image: Image, counterClockwise: boolean): Image {
  const { data, width, height, channels } = image;
  const result = blankImage(image, height, width);
  for (let y = 0; y < width; y++)
    for (let x = 0; x < height; x++) {
      const from = counterClockwise ? x * width + (width - 1 - y) : (height - 1 - x) * width + y;
      for (let c = 0; c < channels; c++) result.data[(y * height + x) * channels + c] = data[from * channels + c] ?? 0;
    }
  return result;
}
