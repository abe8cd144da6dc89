import { check, checkOptions, number, positive, type Rule } from '@cnnzoo/checks';
import { fields, pair } from '../arguments.js';
import type { Image } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';
import { type AffineMatrix, type WarpOptions, warp, warpRules } from './warp.js';

/** What an affine transform does about the middle of the image. */
export interface AffineParameters {
  /** Degrees, clockwise. */
  readonly angle: number;
  /** Pixels to the right and down. */
  readonly translate: readonly [number, number];
  /** 2 makes everything twice as large. */
  readonly scale: number;
  /** Degrees by which vertical and horizontal lines lean. */
  readonly shear: readonly [number, number];
}

const parametersRule: Rule<AffineParameters> = /* @__PURE__ */ fields<AffineParameters>({
  angle: /* @__PURE__ */ number(),
  translate: /* @__PURE__ */ pair('two numbers [x, y]'),
  scale: positive,
  shear: /* @__PURE__ */ pair('two numbers [x, y]'),
});

/**
 * Rotates, shifts, scales and shears an image, as torchvision's affine.
 * @param parameters angle and shear in degrees, translate in pixels
 * @throws RangeError where a number is wrong
 * @example
 * import { affine } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(affine({ angle: 10, translate: [3, -2], scale: 1.1, shear: [5, 0] })(photo).width);
 */
export function affine(parameters: AffineParameters, options: WarpOptions = {}): Transform {
  check('parameters', parameters, parametersRule);
  checkOptions<WarpOptions>('affine', options, warpRules);
  return defineTransform('affine', [parameters, options], (image) => affineImage(image, parameters, options));
}

/** The transform about `center`, by default the middle of the image. */
export function affineImage(
  image: Image,
  parameters: AffineParameters,
  options: WarpOptions,
  center: readonly [x: number, y: number] = [image.width * 0.5, image.height * 0.5],
): Image {
  const matrix = inverseMatrix(parameters, ...center);
  return warp(image, image.height, image.width, matrix, options);
}

/** The inverse of translate * center * rotate * shear * scale * center^-1, from a place in the result to one in the image. */
function inverseMatrix(parameters: AffineParameters, centerX: number, centerY: number): AffineMatrix {
  const { angle, translate, scale, shear } = parameters;
  // The product in Python's order: where a place lies exactly between two pixels, the last bit decides.
  const radians = (degrees: number) => degrees * (Math.PI / 180);
  const rotation = radians(angle);
  const shearX = radians(shear[0]);
  const shearY = radians(shear[1]);
  const a = Math.cos(rotation - shearY) / Math.cos(shearY);
  const b = (-Math.cos(rotation - shearY) * Math.tan(shearX)) / Math.cos(shearY) - Math.sin(rotation);
  const c = Math.sin(rotation - shearY) / Math.cos(shearY);
  const d = (-Math.sin(rotation - shearY) * Math.tan(shearX)) / Math.cos(shearY) + Math.cos(rotation);
  const [m0, m1, m3, m4] = [d / scale, -b / scale, -c / scale, a / scale];
  const x = -centerX - translate[0];
  const y = -centerY - translate[1];
  return [m0, m1, m0 * x + m1 * y + centerX, m3, m4, m3 * x + m4 * y + centerY];
}
