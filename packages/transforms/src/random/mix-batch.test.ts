import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchTransformFromDescription } from '../from-description.js';
import type { Draw } from '../transform.js';
import { cutmix, mixup, type PixelBatch } from './mix-batch.js';
import { randomGenerator } from './random-generator.js';

/** Image i is i everywhere, and so is its label. */
function batchOf(count: number, side = 8, channels = 3): PixelBatch {
  const size = side * side * channels;
  const data = Float32Array.from({ length: count * size }, (_, i) => Math.floor(i / size));
  return { data, count, height: side, width: side, channels, labels: Int32Array.from({ length: count }, (_, i) => i) };
}

test.each([mixup({ numClasses: 9 }), cutmix({ numClasses: 9 })])('labels are shares of what is seen: %o', (mix) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 1, max: 9 }), (seed, count) => {
      const batch = batchOf(count);
      const before = batch.data.slice();
      const said: Draw[] = [];
      const mixed = mix(batch, randomGenerator(seed), (draw) => said.push(draw));
      expect(batch.data).toEqual(before);
      expect(said).toHaveLength(1);
      for (let i = 0; i < count; i++) {
        const row = mixed.labels.subarray(i * 9, (i + 1) * 9);
        expect(row.reduce((sum, v) => sum + v, 0)).toBeCloseTo(1, 5);
        // Images are as bright as their label, so what is seen is the mean brightness and what is said the mean label.
        const pixels = mixed.data.subarray(i * 192, (i + 1) * 192);
        const seen = pixels.reduce((sum, v) => sum + v, 0) / 192;
        expect(seen).toBeCloseTo(
          row.reduce((sum, share, label) => sum + share * label, 0),
          4,
        );
      }
    }),
    { numRuns: 30 },
  );
});

test('lambda of mixup follows beta(0.2, 0.2), that of cutmix is uniform before the edge cuts the box', () => {
  const lambdas: number[] = [];
  const random = randomGenerator(1);
  const batch = batchOf(2, 1, 1);
  for (let i = 0; i < 4000; i++)
    mixup({ numClasses: 2 })(batch, random, (draw) => lambdas.push(Number(draw['lambda'])));
  const mean = lambdas.reduce((a, b) => a + b, 0) / 4000;
  const variance = lambdas.reduce((a, b) => a + (b - mean) ** 2, 0) / 4000;
  expect(mean).toBeCloseTo(0.5, 1);
  // a b / ((a + b)^2 (a + b + 1)) for a = b = 0.2
  expect(Math.abs(variance - 0.04 / (0.16 * 1.4))).toBeLessThan(0.01);
  const areas: number[] = [];
  const large = batchOf(1, 64, 1);
  for (let i = 0; i < 2000; i++)
    cutmix({ numClasses: 1 })(large, random, (draw) => areas.push(1 - Number(draw['lambda'])));
  // The mean of the share of a centred box of area u that stays inside, for a uniform centre: (1 - sqrt(u)/4)^2 u, over u.
  const expected =
    Array.from({ length: 1000 }, (_, i) => (i + 0.5) / 1000).reduce((s, u) => s + u * (1 - Math.sqrt(u) / 4) ** 2, 0) /
    1000;
  expect(Math.abs(areas.reduce((a, b) => a + b, 0) / 2000 - expected)).toBeLessThan(0.03);
});

test('is made again from its description', () => {
  for (const mix of [mixup({ numClasses: 4, alpha: 0.4 }), cutmix({ numClasses: 4 })]) {
    const again = batchTransformFromDescription(JSON.parse(JSON.stringify(mix.description)));
    expect(again(batchOf(4), randomGenerator(3))).toEqual(mix(batchOf(4), randomGenerator(3)));
  }
});

test('bad arguments are named', () => {
  expect(() => mixup({ numClasses: 0 })).toThrow(/numClasses.*0/);
  expect(() => cutmix({ numClasses: 3, alpha: 0 })).toThrow(/alpha.*0/);
  expect(() => mixup({ numClasses: 2 })(batchOf(3), randomGenerator(1))).toThrow(/labels must be from 0 to 1, got 2/);
});
