import { expect, test } from 'vitest';
import { activationOverlay } from '../index.js';

test('half of each pixel is the colour of the map, from dark where it is smallest to yellow where it is largest', () => {
  const image = { data: new Uint8Array(6).fill(255), width: 2, height: 1, channels: 3 };
  const map = { values: Float32Array.of(-3, 5), size: [1, 2] as const };
  // Matplotlib's inferno begins with (0, 0, 4) and ends with (252, 255, 164).
  expect([...activationOverlay(map, image).data]).toEqual([128, 128, 130, 254, 255, 210]);
  const floats = { ...image, data: new Float32Array(6).fill(1) };
  expect(activationOverlay(map, floats)).toEqual(activationOverlay(map, image));
  const grey = { data: new Uint8Array(2).fill(255), width: 2, height: 1, channels: 1 };
  expect(activationOverlay(map, grey)).toEqual(activationOverlay(map, image));
});

test('a photograph keeps its size', () => {
  const image = { data: new Uint8Array(30 * 20 * 3), width: 30, height: 20, channels: 3 };
  const { data, ...size } = activationOverlay({ values: Float32Array.of(0, 0, 0, 1), size: [2, 2] }, image);
  expect(size).toEqual({ width: 30, height: 20, channels: 3 });
  const red = (x: number, y: number) => data[(y * 30 + x) * 3] ?? 0;
  expect(red(29, 19)).toBe(126);
  expect(red(0, 0)).toBe(0);
  expect(red(15, 15)).toBeGreaterThan(red(8, 8));
});

test.each([
  [{ values: Float32Array.of(1), size: [1, 2] }, 3, TypeError, /map must be a map: .*height \* width values/],
  [{ values: [1], size: [1, 1] }, 3, TypeError, /map must be/],
  [{ values: Float32Array.of(1), size: 1 }, 3, TypeError, /map must be/],
  [{ values: new Float32Array(0), size: [0, 0] }, 3, TypeError, /map must be/],
  [{ values: Float32Array.of(1), size: [1, 1] }, 2, RangeError, /1, 3 or 4 channels, the image has 2/],
  [undefined, 3, TypeError, /map must be/],
])('refuses %j over %i channels', (map, channels, type, message) => {
  const draw = () => activationOverlay(map as never, { data: new Uint8Array(channels), width: 1, height: 1, channels });
  expect(draw).toThrow(type);
  expect(draw).toThrow(message);
});
