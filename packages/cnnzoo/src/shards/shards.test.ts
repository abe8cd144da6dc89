import '@tensorflow/tfjs-backend-cpu';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setModelMetadata } from '@cnnzoo/blocks';
import { extractFeatures } from '@cnnzoo/evaluate';
import { readSafetensors, readSafetensorsMetadata } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createModel,
  evaluateShard,
  extractShard,
  type ImageClassifier,
  imageClassifier,
  mergeShards,
  predictShard,
  type ShardResult,
  shardFromEnvironment,
} from '../index.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-shards-'));
const images = join(folder, 'images');
/** More than two chunks of 64. */
const files: string[] = [];
let classifier: ImageClassifier;
beforeAll(async () => {
  await tf.setBackend('cpu');
  for (const [name, shade] of [
    ['dark', 40],
    ['light', 200],
  ] as const) {
    mkdirSync(join(images, name), { recursive: true });
    for (let i = 0; i < 75; i++) {
      const pixels = Buffer.from(Array.from({ length: 32 * 32 }, (_, k) => (shade + i * k) % 256));
      files.push(join(images, name, `${String(i).padStart(2, '0')}.pgm`));
      writeFileSync(files.at(-1) ?? '', Buffer.concat([Buffer.from('P5 32 32 255\n'), pixels]));
    }
  }
  const model = createModel('lenet5', { numClasses: 2 });
  setModelMetadata(model, { categories: ['dark', 'light'] });
  classifier = imageClassifier(model);
});
afterAll(async () => {
  await classifier.dispose();
  rmSync(folder, { recursive: true });
});

type Compute = (folder: string, shard: readonly [number, number]) => Promise<ShardResult>;
const tasks: Readonly<Record<string, Compute>> = {
  evaluate: (to, shard) => evaluateShard(classifier, images, { folder: to, shard }),
  predict: (to, shard) => predictShard(classifier, files, { folder: to, shard, worker: 0 }),
  extract: (to, shard) => extractShard(classifier, files, { folder: to, shard }),
};

/** A file without the time that a report says. */
function timeless(file: string): string {
  const text = readFileSync(file, 'latin1');
  return text.replace(/"millisecondsPerImage":[\d.e-]+/, '').replace(/"milliseconds":[\d.e-]+/, '');
}

describe.each(Object.entries(tasks))('%s', (name, compute) => {
  const to = (label: string) => join(folder, `${name}-${label}`);

  test('shards in any order, with one that was cut, are the file of one process', async () => {
    await compute(to('whole'), [0, 1]);
    const whole = await mergeShards(to('whole'));
    mkdirSync(to('parts'));
    // What a process left that was killed while it wrote.
    writeFileSync(join(to('parts'), 'shard-1-of-4.json.1a2b3c4d.part'), '{"half');
    for (const index of [2, 0, 3]) await compute(to('parts'), [index, 4]);
    await expect(mergeShards(to('parts'))).rejects.toThrow('shard 1/4 is missing: there is no');
    const merging = mergeShards(to('parts'), { wait: 100 });
    await compute(to('parts'), [1, 4]);
    const merged = await merging;
    expect(timeless(merged.file) === timeless(whole.file)).toBe(true);
    expect(merged).toMatchObject({ task: name, shards: 4 });
    expect(readdirSync(to('parts')).filter((file) => file.endsWith('.part'))).toEqual([]);
  });

  test('a finished shard is not computed again', async () => {
    const before = readFileSync(
      join(to('parts'), readdirSync(to('parts')).find((file) => file.startsWith('shard-2')) ?? ''),
    );
    const again = await compute(to('parts'), [2, 4]);
    expect(again.finishedBefore).toBe(true);
    expect(readFileSync(again.file)).toEqual(before);
  });

  test('a shard that is doubled, foreign or damaged is named', async () => {
    const shards = readdirSync(to('parts')).filter((file) => file.startsWith('shard-'));
    const [first = '', second = ''] = shards.sort().map((file) => join(to('parts'), file));
    const kept = readFileSync(second);
    writeFileSync(second, readFileSync(first));
    await expect(mergeShards(to('parts'))).rejects.toThrow(
      `${second} holds shard 0/4, so that one is there twice, and 1/4 is missing`,
    );
    writeFileSync(second, kept.subarray(0, 100));
    await expect(mergeShards(to('parts'))).rejects.toThrow(`${second} is no shard of cnnzoo ${name}`);
    await expect(compute(to('parts'), [1, 4])).rejects.toThrow('Remove it, and run shard 1/4 again');
    writeFileSync(second, kept);
    const foreign = join(to('parts'), 'shard-1-of-9.json');
    renameSync(first, foreign);
    await expect(mergeShards(to('parts'))).rejects.toThrow('shard-1-of-9.json, which is no shard of its run of 4');
    renameSync(foreign, first);
    const bias = classifier.model.getWeights().at(-1);
    const changed = tf.tidy(() => tf.keep(tf.add(bias ?? 0, 1)));
    const weights = classifier.model.getWeights().map((weight) => weight.clone());
    classifier.model.setWeights([...weights.slice(0, -1), changed]);
    try {
      await expect(compute(to('parts'), [1, 4])).rejects.toThrow(
        /has the shards of another run: for this one, its weights' hash is/,
      );
      await compute(to('others'), [0, 4]);
      writeFileSync(
        second,
        readFileSync(
          readdirSync(to('others'))
            .filter((file) => file.startsWith('shard'))
            .map((file) => join(to('others'), file))[0] ?? '',
        ),
      );
    } finally {
      classifier.model.setWeights(weights);
      tf.dispose([changed, ...weights]);
    }
    await expect(mergeShards(to('parts'))).rejects.toThrow(`${second} is of another run: its weights' hash is`);
  });
});

test('features are those of extractFeatures, row by row', async () => {
  const file = join(folder, 'extract-whole', 'features.safetensors');
  const features = (await readSafetensors(file)).get('features');
  expect(features?.shape).toEqual([150, 84]);
  expect(JSON.parse((await readSafetensorsMetadata(file))['images'] ?? '')).toEqual(files);
  const { values } = await extractFeatures(classifier.model, [files[100] ?? '']);
  for (const [k, value] of values.entries()) expect(features?.data[100 * 84 + k]).toBeCloseTo(value, 4);
});

test('a folder that has something else is refused', async () => {
  await expect(predictShard(classifier, files, { folder: images, shard: [0, 2] })).rejects.toThrow(
    /must be a new folder, an empty one or that of the same run, but it has dark and no run.json/,
  );
  await expect(evaluateShard(classifier, images, { folder: 'x', shard: [2, 2] })).rejects.toThrow(
    'shard must be [i, n]',
  );
  await expect(mergeShards(images)).rejects.toThrow('has no run.json');
});

test('the shard that a scheduler says', () => {
  const slurm = (id: number, count: number, more = {}) => ({
    SLURM_ARRAY_TASK_ID: `${id}`,
    SLURM_ARRAY_TASK_COUNT: `${count}`,
    ...more,
  });
  expect(shardFromEnvironment(slurm(3, 8))).toEqual([3, 8]);
  const odd = { SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_MAX: '15', SLURM_ARRAY_TASK_STEP: '2' };
  expect(shardFromEnvironment(slurm(15, 8, odd))).toEqual([7, 8]);
  expect(shardFromEnvironment({ JOB_COMPLETION_INDEX: '0', CNNZOO_SHARDS: '1' })).toEqual([0, 1]);
  for (const [environment, message] of [
    [{}, 'neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set'],
    [{ JOB_COMPLETION_INDEX: '0' }, 'CNNZOO_SHARDS is not set'],
    [{ JOB_COMPLETION_INDEX: '8', CNNZOO_SHARDS: '8' }, 'JOB_COMPLETION_INDEX says shard 8, expected 0 to 7'],
    [{ JOB_COMPLETION_INDEX: '-1', CNNZOO_SHARDS: '8' }, 'JOB_COMPLETION_INDEX must be an integer of at least 0'],
    [{ ...slurm(0, 2), JOB_COMPLETION_INDEX: '0' }, 'both SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are set'],
    [slurm(5, 3, { SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_MAX: '6' }), 'so it has gaps'],
    [slurm(2, 8, odd), 'SLURM_ARRAY_TASK_ID says shard 0.5'],
  ] as const)
    expect(() => shardFromEnvironment(environment)).toThrow(message);
});
