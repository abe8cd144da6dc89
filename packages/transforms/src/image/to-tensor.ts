import { defineTransform, type Transform } from '../transform.js';
import { isFloat } from './image.js';

/**
 * 8-bit values 0 to 255 become floats 0 to 1, as torchvision's ToTensor; floats stay as they are. The channels stay last,
 * as TensorFlow.js wants them.
 * @example
 * import { toTensor } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(toTensor()(photo).width);
 */
export function toTensor(): Transform {
  return defineTransform('toTensor', [], (image) => {
    if (isFloat(image)) return image;
    const data = new Float32Array(image.data.length);
    for (let i = 0; i < data.length; i++) data[i] = (image.data[i] ?? 0) / 255;
    return { ...image, data };
  });
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
