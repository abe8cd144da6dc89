/** A thousand drawn calls of tfjs; `pnpm run differential` draws more. */
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';
import { compareCases, type Deviation, describeDeviation, drawCase, drawnOperations } from './differential.js';
import { exceptions } from './exceptions.js';

// The same cases each time, so that no landing depends on luck: the command draws others.
const seed = 20261126;
const seeds = fc.sample(fc.noBias(fc.integer()), { numRuns: 1000, seed });

const bars = { results: 1e-5, gradients: 1e-4 };

beforeAll(() => registerOnnxBackend({ threads: 1 }));

it(`1,000 drawn calls and their gradients are those of tfjs's cpu backend, seed ${seed}`, async () => {
  const { deviations } = await compareCases(seeds, 'onnx', bars);
  expect(deviations.filter(({ excuse }) => excuse === null).map(describeDeviation)).toEqual([]);
  expect(deviations.length).toBeLessThan(50);
});

it.each(exceptions)('the exception of $operation ($in) is one: $why', async (exception) => {
  const name = exception.operation ?? '';
  const seen: Deviation[] = [];
  // Most cases to which an exception applies are one, but not all.
  for (let each = seed; !seen.some(({ excuse }) => excuse === exception) && each < seed + 100_000; ) {
    const cases: number[] = [];
    for (; cases.length < 20 && each < seed + 100_000; each++)
      if (exception.applies(drawCase(each, name))) cases.push(each);
    seen.push(...(await compareCases(cases, 'onnx', bars, { filter: name })).deviations);
  }
  expect(seen.filter(({ excuse }) => excuse === null).map(describeDeviation)).toEqual([]);
  expect(seen.filter(({ excuse }) => excuse === exception).length).toBeGreaterThan(0);
});

it('draws nearly every operation in a thousand cases', () => {
  const drawn = new Set(seeds.map((each) => drawCase(each).operation));
  expect(drawn.size).toBeGreaterThan(0.9 * drawnOperations.length);
});
