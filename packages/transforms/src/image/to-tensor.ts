import { normalizeBytes } from '../simd/tables.js';
import { defineTransform, type Transform } from '../transform.js';
import { type ByteImage, type FloatImage, isFloat } from './image.js';

/**
 * 8-bit values 0 to 255 become floats 0 to 1, as torchvision's ToTensor; floats stay as they are. The channels stay last,
 * as TensorFlow.js wants them.
 * @throws when run, RangeError on floats that cannot be 0 to 1, such as 0 to 255 or normalized ones
 * @example
 * import { toTensor } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(toTensor()(photo).width);
 */
export function toTensor(): Transform {
  return defineTransform('toTensor', [], (image) => {
    if (isFloat(image)) return checkRange(image);
    const { channels } = image;
    const data = new Float32Array(image.data.length);
    const [means, deviations] = [new Float32Array(channels), new Float32Array(channels).fill(1)];
    if (normalizeBytes(image as ByteImage, means, deviations, data)) return { ...image, data };
    for (let i = 0; i < data.length; i++) data[i] = (image.data[i] ?? 0) / 255;
    return { ...image, data };
  });
}

/** Floats may leave 0 to 1 by what bicubic and lanczos overshoot at an edge, which is less than this. */
const overshoot = 0.5;

function checkRange(image: FloatImage): FloatImage {
  for (const value of image.data)
    if (!(value >= -overshoot && value <= 1 + overshoot))
      throw new RangeError(
        `image: toTensor expects floats of 0 to 1, got ${value}; divide 0 to 255 by 255, and put normalize after toTensor`,
      );
  return image;
}

/**
 * Floats 0 to 1 become 8-bit values 0 to 255, rounded to the nearest and cut off at both ends; for looking at.
 * @example
 * import { toBytes } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(toBytes()(photo).width);
 */
export function toBytes(): Transform {
  return defineTransform('toBytes', [], (image) => {
    if (!isFloat(image)) return image;
    const data = new Uint8Array(image.data.length);
    for (let i = 0; i < data.length; i++) data[i] = Math.min(255, Math.max(0, Math.round((image.data[i] ?? 0) * 255)));
    return { ...image, data };
  });
}
