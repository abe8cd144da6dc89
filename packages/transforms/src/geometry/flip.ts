import { blankImage, type Image } from '../image/image.js';
import { mirrored } from '../simd/flip.js';
import { defineTransform, type Transform } from '../transform.js';

/**
 * Mirrors an image: left becomes right.
 * @example
 * import { horizontalFlip } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(horizontalFlip()(photo).width);
 */
export function horizontalFlip(): Transform {
  return defineTransform('horizontalFlip', [], flipHorizontally);
}

/**
 * Turns an image upside down: top becomes bottom.
 * @example
 * import { verticalFlip } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(verticalFlip()(photo).width);
 */
export function verticalFlip(): Transform {
  return defineTransform('verticalFlip', [], flipVertically);
}

export function flipHorizontally(image: Image): Image {
  const bySimd = mirrored(image);
  if (bySimd !== null) return bySimd;
  const { data, width, height, channels } = image;
  const result = blankImage(image, width, height);
  const out = result.data;
  for (let y = 0; y < height; y++) {
    let to = y * width * channels;
    for (let from = to + (width - 1) * channels; to < (y + 1) * width * channels; from -= channels, to += channels)
      for (let c = 0; c < channels; c++) out[to + c] = data[from + c] ?? 0;
  }
  return result;
}

export function flipVertically(image: Image): Image {
  const { data, width, height, channels } = image;
  const result = blankImage(image, width, height);
  const row = width * channels;
  for (let y = 0; y < height; y++) result.data.set(data.subarray(y * row, (y + 1) * row), (height - 1 - y) * row);
  return result;
}
