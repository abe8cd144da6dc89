import { checkNumber } from '../check-argument.js';
import { blankImage, type Image } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';
import { flipHorizontally, flipVertically } from './flip.js';
import { type AffineMatrix, type WarpOptions, warp } from './warp.js';

/**
 * Turns a picture about its middle; its size stays, so corners are cut off. As torchvision's rotate.
 * @param angle in degrees, counter-clockwise
 * @example
 * import { rotate } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(rotate(15, { interpolation: 'bilinear' })(photo).width);
 */
export function rotate(angle: number, options: WarpOptions = {}): Transform {
  checkNumber('angle', angle);
  return defineTransform('rotate', [angle, options], (image) => rotateImage(image, angle, options));
}

export function rotateImage(image: Image, angle: number, options: WarpOptions): Image {
  const turn = ((angle % 360) + 360) % 360;
  const { width, height } = image;
  if (turn === 0) return image;
  if (turn === 180) return flipHorizontally(flipVertically(image));
  if ((turn === 90 || turn === 270) && width === height) return quarterTurn(image, turn === 90);
  const radians = -(turn * Math.PI) / 180;
  const cosine = Number(Math.cos(radians).toFixed(15));
  const sine = Number(Math.sin(radians).toFixed(15));
  const [x, y] = [width / 2, height / 2];
  const matrix: AffineMatrix = [cosine, sine, cosine * -x + sine * -y + x, -sine, cosine, -sine * -x + cosine * -y + y];
  return warp(image, height, width, matrix, options);
}

function quarterTurn(image: Image, counterClockwise: boolean): Image {
  const { data, width, channels } = image;
  const result = blankImage(image, width, width);
  for (let y = 0; y < width; y++)
    for (let x = 0; x < width; x++) {
      const from = counterClockwise ? x * width + (width - 1 - y) : (width - 1 - x) * width + y;
      for (let c = 0; c < channels; c++) result.data[(y * width + x) * channels + c] = data[from * channels + c] ?? 0;
    }
  return result;
}
