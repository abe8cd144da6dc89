import { channels, side } from './fake-classifier.js';

/** An image file of one colour: what `fakeClassifier` sees of it are the sums of its channels, each 16 times the colour's. */
export function ppm([red, green, blue]: readonly [number, number, number]): Buffer {
  const pixels = Array.from({ length: side * side * channels }, (_, i) => [red, green, blue][i % channels] ?? 0);
  return Buffer.concat([Buffer.from(`P6 ${side} ${side} 255\n`), Buffer.from(pixels)]);
}
