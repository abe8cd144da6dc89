/** A thousand drawn calls of tfjs; `pnpm run differential` draws more. */
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';
import { describeDeviation, differences, drawCase, drawnOperations } from './differential.js';

// The same cases each time, so that no landing depends on luck: the command draws others.
const seed = 20261126;
const seeds = fc.sample(fc.noBias(fc.integer()), { numRuns: 1000, seed });

it(`1,000 drawn calls and their gradients are those of tfjs's cpu backend, seed ${seed}`, async () => {
  registerOnnxBackend({ threads: 1 });
  const found = await differences(seeds, 'onnx', { results: 1e-5, gradients: 1e-4 });
  expect(found.filter(({ excuse }) => excuse === null).map(describeDeviation)).toEqual([]);
  expect(found.length).toBeLessThan(50);
});

it('draws nearly every operation in a thousand cases', () => {
  const drawn = new Set(seeds.map((each) => drawCase(each).operation));
  expect(drawn.size).toBeGreaterThan(0.9 * drawnOperations.length);
});
