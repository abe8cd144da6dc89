/**
 * Pillow resamples colours weighted by their alpha, so that the colour of invisible pixels does not bleed into visible ones
 * (modes RGBA and RGBa).
 */
import { type ByteImage, type Image, isFloat } from './image.js';

/** Runs `operation`, which mixes pixels, on the image with its colours multiplied by alpha, and divides them again. */
export function withPremultipliedAlpha(image: Image, operation: (image: Image) => Image): Image {
  if (image.channels !== 4) return operation(image);
  return isFloat(image)
    ? divideFloat(operation(multiplyFloat(image)))
    : divide(operation(multiply(image as ByteImage)));
}

function multiply(image: ByteImage): Image {
  const data = new Uint8Array(image.data);
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3] ?? 0;
    for (let c = 0; c < 3; c++) {
      // A rounded division by 255.
      const product = (data[i + c] ?? 0) * alpha + 128;
      data[i + c] = ((product >> 8) + product) >> 8;
    }
  }
  return { ...image, data };
}

function divide(image: Image): Image {
  const data = new Uint8Array(image.data);
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3] ?? 0;
    if (alpha === 0 || alpha === 255) continue;
    for (let c = 0; c < 3; c++) data[i + c] = Math.min(255, Math.trunc((255 * (data[i + c] ?? 0)) / alpha));
  }
  return { ...image, data };
}

function multiplyFloat(image: Image): Image {
  const data = Float32Array.from(image.data);
  for (let i = 0; i < data.length; i += 4)
    for (let c = 0; c < 3; c++) data[i + c] = (data[i + c] ?? 0) * (data[i + 3] ?? 0);
  return { ...image, data };
}

function divideFloat(image: Image): Image {
  const data = Float32Array.from(image.data);
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3] ?? 0;
    if (alpha !== 0) for (let c = 0; c < 3; c++) data[i + c] = (data[i + c] ?? 0) / alpha;
  }
  return { ...image, data };
}
