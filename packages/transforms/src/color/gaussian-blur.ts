import { check, oddInteger, positive } from '@cnnzoo/checks';
import { roundHalfToEven } from '../geometry/crop.js';
import { blankImage, type Image, isFloat } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';

/**
 * Blurs an image with a Gaussian, cut to kernelSize pixels, as torchvision's gaussian_blur. The image is
 * mirrored at its edges.
 * @param kernelSize an odd number of pixels
 * @param sigma standard deviation in pixels. Default torchvision's, 0.15 * kernelSize + 0.35
 * @throws RangeError where an argument is wrong; when run, where the image has no more pixels on a side than kernelSize / 2
 * @example
 * import { gaussianBlur } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(gaussianBlur(5, 1.2)(photo).width);
 */
export function gaussianBlur(kernelSize: number, sigma?: number): Transform {
  check('kernelSize', kernelSize, oddInteger(1));
  const deviation = check('sigma', sigma ?? kernelSize * 0.15 + 0.35, positive);
  const kernel = gaussianKernel(kernelSize, deviation);
  return defineTransform('gaussianBlur', [kernelSize, sigma], (image) => blur(image, kernel));
}

function gaussianKernel(size: number, sigma: number): Float64Array {
  const kernel = Float64Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - (size - 1) / 2) / sigma) ** 2));
  const sum = kernel.reduce((total, weight) => total + weight, 0);
  return kernel.map((weight) => weight / sum);
}

function blur(image: Image, kernel: Float64Array): Image {
  const { width, height, channels } = image;
  const reach = (kernel.length - 1) / 2;
  if (reach >= Math.min(width, height))
    throw new RangeError(
      `gaussianBlur with kernelSize ${kernel.length} needs more than ${reach} pixels on each side, the image has ${height} x ${width}`,
    );
  const rows = new Float64Array(image.data.length);
  const columns = new Float64Array(image.data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < kernel.length; k++)
          sum += (kernel[k] ?? 0) * (image.data[(y * width + mirrored(x + k - reach, width)) * channels + c] ?? 0);
        rows[(y * width + x) * channels + c] = sum;
      }
  const row = width * channels;
  for (let y = 0; y < height; y++)
    for (let k = 0; k < kernel.length; k++) {
      const from = mirrored(y + k - reach, height) * row;
      const weight = kernel[k] ?? 0;
      for (let i = 0; i < row; i++) columns[y * row + i] = (columns[y * row + i] ?? 0) + weight * (rows[from + i] ?? 0);
    }
  const result = blankImage(image, width, height);
  if (isFloat(image)) result.data.set(columns);
  else
    for (let i = 0; i < columns.length; i++) {
      const value = columns[i] ?? 0;
      const nearlyHalf = channels > 1 && Math.abs(value - Math.floor(value) - 0.5) < 1e-4;
      result.data[i] = roundHalfToEven(nearlyHalf ? singlePrecision(image, kernel, i) : value);
    }
  return result;
}

/**
 * One value of the blurred image as torchvision computes it for colour images: in float32, row by row of the kernel, each
 * product added in one rounding. Where the value is nearly a half, these errors decide how it is rounded.
 */
function singlePrecision({ data, width, height, channels }: Image, kernel: Float64Array, index: number): number {
  const reach = (kernel.length - 1) / 2;
  const [x, y, channel] = [
    Math.floor(index / channels) % width,
    Math.floor(index / channels / width),
    index % channels,
  ];
  let sum = 0;
  for (let row = 0; row < kernel.length; row++)
    for (let column = 0; column < kernel.length; column++) {
      const weight = Math.fround(Math.fround(kernel[row] ?? 0) * Math.fround(kernel[column] ?? 0));
      const from = mirrored(y + row - reach, height) * width + mirrored(x + column - reach, width);
      sum = Math.fround(sum + weight * (data[from * channels + channel] ?? 0));
    }
  return sum;
}

/** The place that is shown at a place outside of an axis, which is mirrored at its first and last place. */
function mirrored(place: number, size: number): number {
  return place < 0 ? -place : place >= size ? 2 * (size - 1) - place : place;
}
