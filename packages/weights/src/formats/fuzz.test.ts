/**
 * Damaged files of every format: each gives its tensors or an error, in bounded memory and time. CNNZOO_FUZZ_CASES sets how many
 * damaged copies of each file are read (10,000 in a long run), other ones each time; without it they are few and the same.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, expect, test } from 'vitest';
import { readWeights } from './read-weights.js';
import { layersModelFolder, readLayersModel } from './tfjs/layers-model.js';

const longRun = process.env['CNNZOO_FUZZ_CASES'];
const cases = Number(longRun ?? 150);
const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Damage = (bytes: Uint8Array) => Uint8Array;

/** A place in the file. Not fc.double: nine in ten of its numbers from 0 to 1 are so small that they name the first byte. */
const place = fc.noBias(fc.nat({ max: 2 ** 31 - 1 })).map((n) => n / 2 ** 31);
const at = (bytes: Uint8Array, where: number) => Math.floor(where * bytes.length);

const setBytes = fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 8 })).map(
  ([where, values]): Damage =>
    (bytes) => {
      const copy = bytes.slice();
      copy.set(values.subarray(0, copy.length - at(bytes, where)), at(bytes, where));
      return copy;
    },
);
/** Numbers that sizes and offsets must not be. */
const setNumber = fc
  .tuple(
    place,
    fc.constantFrom(0n, 1n, 0x7fffffffn, 0xffffffffn, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n),
    fc.boolean(),
  )
  .map(
    ([where, value, wide]): Damage =>
      (bytes) => {
        const copy = bytes.slice();
        const width = wide ? 8 : 4;
        const position = Math.min(at(bytes, where), copy.length - width);
        if (position < 0) return copy;
        const view = new DataView(copy.buffer);
        if (wide) view.setBigUint64(position, value, true);
        else view.setUint32(position, Number(BigInt.asUintN(32, value)), true);
        return copy;
      },
  );
const truncate = place.map(
  (where): Damage =>
    (bytes) =>
      bytes.slice(0, at(bytes, where)),
);
const repeat = fc.tuple(place, place, fc.integer({ min: 1, max: 64 })).map(
  ([from, to, length]): Damage =>
    (bytes) => {
      const copy = bytes.slice();
      copy.copyWithin(at(bytes, to), at(bytes, from), at(bytes, from) + length);
      return copy;
    },
);
const remove = fc.tuple(place, fc.integer({ min: 1, max: 64 })).map(
  ([where, length]): Damage =>
    (bytes) => {
      const start = at(bytes, where);
      return new Uint8Array([...bytes.subarray(0, start), ...bytes.subarray(start + length)]);
    },
);
const damages = fc.array(
  fc.oneof({ weight: 4, arbitrary: setBytes }, { weight: 4, arbitrary: setNumber }, truncate, repeat, remove),
  { minLength: 1, maxLength: 4 },
);

/** What JavaScript says where a check is missing. */
const accident =
  /Cannot read|is not a function|not iterable|call stack|allocation|typed array length|bounds of the DataView/;

/** Reads a damaged file completely. Whatever is read fits the file; whatever is thrown is an error with a message. */
async function readAll(source: Uint8Array | string, size: number): Promise<void> {
  try {
    const dict = await readWeights(source);
    for (const { data, shape } of dict.values()) {
      expect(data.length).toBeLessThanOrEqual(Math.max(2 * shape.reduce((a, b) => a * b, 1), 1));
      // Deflated and repeated elements may be more than the file; never without a bound.
      expect(data.byteLength).toBeLessThanOrEqual(2 ** 24 + 100 * size);
    }
  } catch (error) {
    if (
      !(error instanceof Error) ||
      !error.message.startsWith(typeof source === 'string' ? source : 'the given bytes: ') ||
      error.constructor.name === 'AssertionError' ||
      accident.test(error.message)
    )
      throw error;
  }
}

test.each([
  'every-dtype.safetensors',
  'names.safetensors',
  'torch-zip.pth',
  'torch-old.pth',
  'torch-checkpoint.pth',
  'torch-deflated.pth',
  'keras-weights.h5',
  'keras-compressed.h5',
  'keras-latest.h5',
  'keras-layouts-small.h5',
  'keras-growing-latest.h5',
  'keras3-model.keras',
])('%s, damaged', { timeout: 300_000 + 300 * cases }, async (name) => {
  const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))));
  const path = join(folder, name);
  let count = 0;
  await fc.assert(
    fc.asyncProperty(damages, async (list) => {
      const damaged = list.reduce<Uint8Array>((current, damage) => damage(current), bytes);
      await readAll(damaged, damaged.length);
      // Files are read in place, by other code.
      if (count++ % 10 === 0) {
        writeFileSync(path, damaged);
        await readAll(path, damaged.length);
      }
    }),
    { numRuns: cases, ...(longRun === undefined && { seed: 1 }) },
  );
  expect(count).toBe(cases);
});

const model = {
  modelTopology: { class_name: 'Sequential', config: { layers: [] } },
  weightsManifest: [
    {
      paths: ['w1.bin', 'w2.bin'],
      weights: [
        { name: 'a/kernel', shape: [2, 3], dtype: 'float32' },
        { name: 'a/bias', shape: [3], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
        { name: 'b/gamma', shape: [2], dtype: 'float32', quantization: { dtype: 'float16' } },
        { name: 'b/count', shape: [], dtype: 'int32' },
      ],
    },
    { paths: ['w3.bin'], weights: [{ name: 'c/mask', shape: [4], dtype: 'bool' }] },
  ],
};
const modelFiles = {
  'model.json': Buffer.from(JSON.stringify(model)),
  'w1.bin': Buffer.alloc(20, 1),
  'w2.bin': Buffer.alloc(15, 2),
  'w3.bin': Buffer.alloc(4, 1),
};

test('the folder of a TensorFlow.js model, one of its files damaged', { timeout: 300_000 + 300 * cases }, async () => {
  const path = join(folder, 'tfjs');
  mkdirSync(path);
  for (const [name, bytes] of Object.entries(modelFiles)) writeFileSync(join(path, name), bytes);
  await expect(readLayersModel(path)).resolves.toHaveProperty('size', 5);
  const tensors = tf.memory().numTensors;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('model.json' as const, 'w1.bin' as const), damages, async (name, list) => {
      const damaged = list.reduce<Uint8Array>((current, damage) => damage(current), new Uint8Array(modelFiles[name]));
      writeFileSync(join(path, name), damaged);
      for (const read of [() => readLayersModel(path), async () => layersModelFolder(path).load?.()])
        await read().catch((error: unknown) => {
          if (!(error instanceof Error) || !error.message.includes(path) || accident.test(error.message)) throw error;
        });
      writeFileSync(join(path, name), modelFiles[name]);
      expect(tf.memory().numTensors).toBe(tensors);
    }),
    { numRuns: cases, ...(longRun === undefined && { seed: 1 }) },
  );
});
