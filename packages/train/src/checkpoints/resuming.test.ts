/** Resuming is the same run, or says what is not; and a checkpoint that is not whole changes nothing. */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { crossEntropy } from '@cnnzoo/losses';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allWeights, tinyLoader, tinyModel } from '../fixtures/tiny-run.js';
import type { TrainEvent } from '../loop/events.js';
import { train } from '../loop/train.js';
import type { TrainOptions } from '../loop/train-options.js';
import { adamw } from '../optimizers/adam.js';
import { sgd } from '../optimizers/sgd.js';
import { cosineDecay } from '../schedules/cosine-decay.js';
import { stepDecay } from '../schedules/step-decay.js';

let folder = '';
let checkpoint = '';
const options = (): TrainOptions => ({
  epochs: 4,
  optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
  schedule: cosineDecay(),
  averageDecay: 0.9,
});
const loader = (seed = 1) => ({ ...tinyLoader(5, 4, seed), seed });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnnzoo-resuming-'));
  const abort = new AbortController();
  const history = await train(tinyModel(), loader(), {
    ...options(),
    checkpoint: { folder: join(folder, 'run') },
    abort: abort.signal,
    onEvent: (event) => {
      if (event.type === 'step' && event.step === 7) abort.abort();
    },
  });
  checkpoint = history.checkpoint ?? '';
});
afterAll(() => rm(folder, { recursive: true }));

/** Resumes and stops after the first event. Gives the changes that the event tells. */
async function resume(changed: Partial<TrainOptions>, data = loader()): Promise<readonly string[] | undefined> {
  const abort = new AbortController();
  let start: TrainEvent | undefined;
  await train(tinyModel(), data, {
    ...options(),
    resume: checkpoint,
    abort: abort.signal,
    onEvent: (event) => {
      start ??= event;
      abort.abort();
    },
    ...changed,
  });
  return start?.type === 'start' ? start.changes : undefined;
}

test('the same run is resumed without a word', async () => {
  expect(await resume({})).toBeUndefined();
});

const differences: [string, NonNullable<TrainOptions['allow']>, Partial<TrainOptions>, ReturnType<typeof loader>?][] = [
  ['learningRate is 0.5, was 0.05', ['learningRate'], { optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }) }],
  ['optimizer.momentum is 0.8, was 0.9', ['optimizer'], { optimizer: sgd({ learningRate: 0.05, momentum: 0.8 }) }],
  ['schedule gives 1 at step 1, gave 0.9938', ['schedule'], { schedule: stepDecay({ every: 30 }) }],
  ['schedule gives 0.996', ['schedule'], { epochs: 5 }],
  ["loss is 'own, ", ['loss'], { loss: (labels, logits) => crossEntropy(labels, logits) }],
  ["label smoothing 0.1', was 'cross-entropy, label smoothing 0'", ['loss'], { labelSmoothing: 0.1 }],
  ['auxiliaryWeight is 0.5, was 0.3', ['auxiliaryWeight'], { auxiliaryWeight: 0.5 }],
  ['auxiliarySchedule is ', ['auxiliarySchedule'], { auxiliarySchedule: () => 0.5 }],
  ['clipping.norm is 1, was undefined', ['clipping'], { clipping: { norm: 1 } }],
  ['accumulate is 2, was 1', ['schedule', 'accumulate'], { accumulate: 2 }],
  ['averageDecay is 0.99, was 0.9', ['averageDecay'], { averageDecay: 0.99 }],
  ['seed is 2, was 1', ['seed'], {}, loader(2)],
  ['data: the first batch has other images or labels', ['data'], {}, { ...loader(2), seed: 1 }],
  ['batchSize is 3, was 4', ['batchSize'], {}, { ...tinyLoader(5, 3, 1), seed: 1 }],
];
test.each(differences)('says: %s', async (message, allow, changed, data = loader()) => {
  await expect(resume(changed, data)).rejects.toThrow(message);
  const changes = await resume({ ...changed, allow }, data);
  expect(changes?.join()).toContain(message);
  const others: NonNullable<TrainOptions['allow']> = ['version', 'earlyStopping'];
  await expect(resume({ ...changed, allow: others }, data)).rejects.toThrow(`allow: ['${allow[0]}'`);
});

test('all differences at once, another version of the package, and what is no difference', async () => {
  const copy = join(folder, 'old');
  await cp(checkpoint, copy, { recursive: true });
  await edit(copy, 'training.json', (text) => text.replace(/"version": "[^"]*"/, '"version": "0.1.0-old"'));
  await expect(
    resume({ resume: copy, optimizer: sgd({ learningRate: 1, momentum: 0.9 }), labelSmoothing: 0.1 }),
  ).rejects.toThrow(
    /version is '.*', was '0\.1\.0-old'; learningRate is 1, .*; loss is .*allow: \['version', 'learningRate', 'loss'\]/,
  );
  await expect(resume({ allow: ['learningrate' as never] })).rejects.toThrow('allow[0] must be one of');
  await expect(resume({ optimizer: adamw({ learningRate: 0.05 }) })).rejects.toThrow(
    "optimizer.className is 'CnnzooSgd', expected 'CnnzooAdamW'",
  );
});

/** Changes a file and its checksum: what a hand, and no accident, does. */
async function edit(path: string, name: string, change: (text: string) => string): Promise<void> {
  const text = change(await readFile(join(path, name), 'utf8'));
  await writeFile(join(path, name), text);
  const sums = join(path, 'SHA256SUMS');
  const sum = createHash('sha256').update(text).digest('hex');
  await writeFile(
    sums,
    (await readFile(sums, 'utf8')).replace(new RegExp(`[0-9a-f]{64} {2}${name}`), `${sum}  ${name}`),
  );
}

/** Resumes from a damaged checkpoint: it must be refused with the file's name, and nothing may change. */
async function expectRefused(path: string, name: string, named = join(path, name)): Promise<void> {
  const model = tinyModel();
  const before = allWeights(model);
  const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });
  const tensors = tf.memory().numTensors;
  const error: Error = await train(model, loader(), { ...options(), optimizer, resume: path }).then(
    () => {
      throw new Error(`${name} was accepted`);
    },
    (refused) => refused,
  );
  expect(error.message).toContain(named);
  expect(error.message).not.toMatch(/undefined|not iterable|Cannot read|destructure/);
  expect(allWeights(model)).toEqual(before);
  expect(optimizer.iterations).toBe(0);
  expect(tf.memory().numTensors).toBe(tensors);
  model.dispose();
}

test('any file that is damaged or missing is named before anything changes', async () => {
  const names = await readdir(checkpoint);
  expect(names.sort()).toEqual([
    'SHA256SUMS',
    'average.safetensors',
    'model.safetensors',
    'optimizer.safetensors',
    'training.json',
  ]);
  const copy = join(folder, 'damaged');
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names.filter((name) => name !== 'SHA256SUMS')),
      fc.constantFrom('flip', 'cut', 'remove'),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (name, kind, place) => {
        await cp(checkpoint, copy, { recursive: true });
        const path = join(copy, name);
        const bytes = await readFile(path);
        const at = Math.floor(place * bytes.length);
        if (kind === 'remove') await rm(path);
        else if (kind === 'cut') await writeFile(path, bytes.subarray(0, at));
        else {
          bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
          await writeFile(path, bytes);
        }
        await expectRefused(copy, name);
        await rm(copy, { recursive: true });
      },
    ),
    { numRuns: 60 },
  );
});

test('any field of training.json that is missing or of another type is named', async () => {
  const whole = JSON.parse(await readFile(join(checkpoint, 'training.json'), 'utf8'));
  const paths: (readonly (string | number)[])[] = [];
  const visit = (value: unknown, path: readonly (string | number)[]) => {
    if (path.length > 0) paths.push(path);
    if (typeof value === 'object' && value !== null)
      for (const [key, each] of Object.entries(value)) visit(each, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  visit(whole, []);
  const copy = join(folder, 'edited');
  await cp(checkpoint, copy, { recursive: true });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      // What no field may be, whatever it is.
      fc.constantFrom<unknown>({ __proto__: 1, '<b>': [] }, [[{}]], -1.5, '../../../etc/passwd'),
      async (path, value) => {
        const changed = structuredClone(whole);
        const parent = path.slice(0, -1).reduce((at, key) => at[key], changed);
        const key = path.at(-1) ?? '';
        const before = parent[key];
        fc.pre(typeof value !== typeof before || typeof value === 'object');
        parent[key] = value;
        await edit(copy, 'training.json', () => JSON.stringify(changed));
        // A setting that could be one is another run's.
        await expectRefused(copy, 'training.json', path[0] === 'run' ? copy : undefined);
      },
    ),
    { numRuns: 100 },
  );
});

test('a folder of steps without a list of them is never emptied', async () => {
  const steps = join(folder, 'steps');
  await cp(checkpoint, join(steps, 'step-00000007'), { recursive: true });
  await cp(checkpoint, join(steps, 'step-00000006'), { recursive: true });
  await expect(train(tinyModel(), loader(), { ...options(), checkpoint: { folder: steps } })).rejects.toThrow(
    'has checkpoints of an earlier run: resume from them with resume: true',
  );
  expect((await readdir(steps)).sort()).toEqual(['step-00000006', 'step-00000007']);
  await train(tinyModel(), loader(), {
    ...options(),
    checkpoint: { folder: steps, everySteps: 1, keepLast: 1 },
    resume: true,
  });
  // The two that were found, and the last and the best of those that were written.
  expect((await readdir(steps)).filter((name) => name <= 'step-00000007' && name.startsWith('step'))).toEqual([
    'step-00000006',
    'step-00000007',
  ]);
});
