/**
 * Wrong calls of the functions of data, evaluate, losses, train and transforms: each is refused before work by an error that names what is wrong, never by the engine's own
 * "Cannot read properties of undefined"; nothing hangs and no tensor stays behind. CNNZOO_WRONG_CALLS is how many calls are drawn.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as data from '@cnnzoo/data';
import * as evaluate from '@cnnzoo/evaluate';
import * as losses from '@cnnzoo/losses';
import * as train from '@cnnzoo/train';
import * as transforms from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

const packages: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  data,
  evaluate,
  losses,
  train,
  transforms,
};
const only = process.env['CNNZOO_WRONG_CALLS_OF'];
const functions = Object.entries(packages).flatMap(([name, exports]) =>
  only !== undefined && only !== name
    ? []
    : Object.entries(exports).flatMap(([key, value]) =>
        typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value))
          ? [{ name: `${name}.${key}`, call: value as (...given: unknown[]) => unknown }]
          : [],
      ),
);

/** What V8 says of a value that nobody has looked at. */
const raw =
  /Cannot (read|set|destructure|convert|use|access|mix)|is not (a function|iterable|a constructor|defined|extensible)|undefined \(|null \(|Invalid (array|typed array|string) length|Maximum call stack|object is not|Reduce of empty|called on/;

const values = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom<unknown>(undefined, null, true, '', 'batchsize', 0, -1, 1.5, Number.NaN, Infinity, 10n),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>(
      {},
      [],
      [null],
      [undefined],
      [[]],
      new Map(),
      new Float32Array(3),
      () => undefined,
      Symbol('x'),
    ),
  },
  // Options of which one is unknown or of another type.
  {
    weight: 4,
    arbitrary: fc.dictionary(
      fc.constantFrom(
        'batchsize',
        'epochs',
        'optimizer',
        'learningRate',
        'scale',
        'model',
        'length',
        'get',
        'categories',
        'predict',
        'inputs',
        'layers',
        'unit',
        'clipping',
        'validation',
        'metrics',
        'batchesPerEpoch',
        'epoch',
      ),
      fc.constantFrom<unknown>(undefined, null, true, '7', 1, -1, Number.NaN, {}, [], () => 1, 'x'),
      { maxKeys: 5 },
    ),
  },
);

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-wrong-calls-'));
const before = process.cwd();
beforeAll(() => process.chdir(folder));
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

const runs = Number(process.env['CNNZOO_WRONG_CALLS'] ?? 600);
test(`${runs} wrong calls of ${functions.length} functions`, { timeout: 3_600_000 }, async () => {
  expect(functions.length).toBeGreaterThan(only === undefined ? 35 : 3);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...functions),
      fc.array(values, { maxLength: 4 }),
      fc.array(values, { maxLength: 3 }),
      async ({ name, call }, given, more) => {
        const tensors = tf.memory().numTensors;
        let error: unknown = null;
        let result: unknown;
        try {
          let timer: NodeJS.Timeout | undefined;
          const late = new Promise((_, reject) => {
            timer = setTimeout(() => reject(new Error('it hangs')), 250_000);
          });
          result = await Promise.race([call(...given), late]);
          // Transforms are functions that factories make.
          if (typeof result === 'function' && name.startsWith('transforms.'))
            result = await Promise.race([result(...more), late]);
          clearTimeout(timer);
        } catch (thrown) {
          error = thrown;
        }
        if (error !== null) {
          expect(error, name).toBeInstanceOf(Error);
          const { message } = error as Error;
          expect(message, name).not.toMatch(raw);
          expect(message, name).not.toMatch(/it hangs/);
          expect(message.length, name).toBeLessThan(2000);
        }
        // What a call that is right after all has made.
        if (typeof (result as Partial<tf.Tensor> | null)?.dispose === 'function') (result as tf.Tensor).dispose();
        expect(tf.memory().numTensors, name).toBe(tensors);
      },
    ),
    { numRuns: runs },
  );
});
