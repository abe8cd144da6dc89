import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Source } from '@cnnzoo/files';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { DataError } from '../data-error.js';
import type { Dataset } from '../datasets/dataset.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { DataLoader } from '../loader/data-loader.js';
import { parquetDataset } from './parquet-dataset.js';
import { readThrift } from './thrift.js';

/** Made by fixtures/parquet_images.py. */
const golden: {
  readonly names: readonly string[];
  readonly rows: readonly { readonly label: number; readonly pixels: readonly number[] }[];
  readonly files: Readonly<Record<string, string>>;
} = JSON.parse(readFileSync(new URL('../fixtures/parquet-images.json', import.meta.url), 'utf8'));
const fileOf = (name: string) => Buffer.from(golden.files[name] ?? '', 'base64');
const folder = temporaryFolder();
const rows = golden.rows.map(({ label, pixels }) => [label, ...pixels]);
const { missing: _, ...whole } = golden.files;

beforeAll(() => tf.setBackend('cpu'));

async function samplesOf(dataset: Dataset): Promise<number[][]> {
  const samples: number[][] = [];
  for (let i = 0; i < dataset.length; i++) {
    const { image, label } = await dataset.get(i);
    samples.push([label, ...image.data]);
  }
  return samples;
}

async function epoch(
  dataset: Dataset,
  { fromBatch = 0, workers = 0, onError = 'throw' as const, shuffle = true } = {},
) {
  const loader = new DataLoader(dataset, { batchSize: 3, shuffle, seed: 2, workers, onError });
  const seen: number[][] = [];
  for await (const { images, labels } of loader.epoch(0, fromBatch)) {
    const [pixels, known] = [await images.data(), await labels.data()];
    const size = images.size / images.shape[0];
    for (const [i, label] of known.entries()) seen.push([label, ...pixels.slice(i * size, (i + 1) * size)]);
    tf.dispose([images, labels]);
  }
  await loader.close();
  return seen;
}

test.each(Object.keys(whole))('images and labels of a file written by %s', async (name) => {
  const dataset = await parquetDataset(fileOf(name));
  expect([dataset.categories, dataset.shards.map(({ count }) => count)]).toEqual([golden.names, [4, 4, 2]]);
  expect(await samplesOf(dataset)).toEqual(rows);
});

describe('from anywhere', () => {
  const bytes = fileOf('datasets');
  let requested = 0;
  const server = createServer((request, response) => {
    const [, start = 0, end = 0] = (/^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []).map(Number);
    if (!request.url?.endsWith('?key=secret') || end >= bytes.length) return response.writeHead(403).end();
    requested += end + 1 - start;
    response.writeHead(206, {
      'content-length': end + 1 - start,
      'content-range': `bytes ${start}-${end}/${bytes.length}`,
    });
    return response.end(bytes.subarray(start, end + 1));
  });
  const sources: Record<string, () => Source | readonly Source[] | Promise<Source>> = {
    'a folder': () => {
      mkdirSync(join(folder, 'files'));
      writeFileSync(join(folder, 'files', 'train-0.parquet'), bytes);
      return join(folder, 'files');
    },
    braces: () => join(folder, 'files', 'train-{0..0}.parquet'),
    'a file URL': () => pathToFileURL(join(folder, 'files', 'train-0.parquet')),
    'a Blob': () => new Blob([new Uint8Array(bytes)]),
    'a list of readers': () => [
      { size: bytes.length, read: async (start, length) => bytes.subarray(start, start + length) },
    ],
    'a presigned address': async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.parquet?key=secret`;
    },
  };
  test.each(Object.entries(sources))('%s', async (name, make) => {
    const source = await make();
    const dataset = await parquetDataset(source);
    expect(await samplesOf(dataset)).toEqual(rows);
    if (name !== 'a presigned address') return;
    // Each byte once, but for the ends of the file.
    expect(requested).toBeLessThan(1.2 * bytes.length);
    const failure = await parquetDataset(String(source).replace('secret', 'wrong')).catch((error: Error) => error);
    expect(String(failure)).toContain('/x.parquet?…: the server answered 403');
    expect(String(failure)).not.toContain('wrong');
    server.closeAllConnections();
    server.close();
  });
});

test('several files are shuffled by row groups, in one order for any number of workers, and resumed', async () => {
  const files = [fileOf('datasets'), fileOf('zstd 2.0')];
  const dataset = await parquetDataset(files, { shuffleBuffer: 5 });
  const shuffled = await epoch(dataset);
  const sorted = (list: number[][]) => list.map(String).sort();
  expect(sorted(shuffled)).toEqual(sorted([...rows, ...rows]));
  expect(shuffled).not.toEqual([...rows, ...rows]);
  expect(await epoch(dataset, { workers: 2 })).toEqual(shuffled);
  for (const fromBatch of [1, 4, 6, 7])
    expect(await epoch(dataset, { fromBatch })).toEqual(shuffled.slice(3 * fromBatch));
  const [first, second] = await Promise.all(
    [0, 1].map((rank) => parquetDataset(files, { split: { rank, worldSize: 2 } })),
  );
  expect([first?.length, second?.length]).toEqual([10, 10]);
  await expect(
    parquetDataset([fileOf('plain'), fileOf('datasets')], { classes: ['ant', 'bee'] }),
  ).resolves.toBeDefined();
});

test('rows without an image or label are named, and left out where that is wanted', async () => {
  const dataset = await parquetDataset(fileOf('missing'), { classes: golden.names });
  await expect(dataset.get(0)).rejects.toThrow('row group 0, row 0: it has no image');
  await expect(dataset.get(1)).rejects.toThrow("row 1: its image is in another file, 'a/b.png'");
  await expect(dataset.get(2)).rejects.toThrow('row 2: its label is missing');
  await expect(epoch(dataset)).rejects.toThrow(DataError);
  await expect(parquetDataset(fileOf('plain'), { image: 'photo' })).rejects.toThrow(
    "it has no column 'photo': it has image, label",
  );
});

describe('a file that lies', () => {
  const bytes = fileOf('snappy 2.0');
  const footer = bytes.readUInt32LE(bytes.length - 8);

  test('with any bytes of its footer, page headers or pages changed is read, or gives a DataError, in little memory', async () => {
    const before = process.memoryUsage().rss;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (changes, inFooter) => {
          const damaged = Buffer.from(bytes);
          const [start, length] = inFooter ? [bytes.length - 8 - footer, footer + 8] : [0, bytes.length];
          for (const [place, value] of changes) damaged[start + Math.floor(place * length)] = value;
          const read = async () => {
            const dataset = await parquetDataset(damaged);
            await epoch(dataset, { onError: 'skip' as never, shuffle: false });
          };
          const result = await read().catch((error: unknown) => error);
          if (result !== undefined) expect(result).toBeInstanceOf(DataError);
        },
      ),
      { numRuns: 150 },
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(500e6);
  });

  test('about lists, lengths and rows is refused before it is believed', async () => {
    // A list of 2^31 lists, of which no byte is there.
    expect(() => readThrift(Uint8Array.of(0x19, 0xf9, 0xff, 0xff, 0xff, 0xff, 0x07, 0))).toThrow('corrupt parquet');
    expect(() => readThrift(new Uint8Array(100).fill(0x1c))).toThrow('corrupt parquet');
    expect(() => readThrift(Uint8Array.of(0x18, 0xff, 0xff, 0xff, 0xff, 0x0f, 0))).toThrow('corrupt parquet');
    const long = Buffer.from(bytes);
    long.writeUInt32LE(2 ** 31, bytes.length - 8);
    await expect(parquetDataset(long)).rejects.toThrow('a footer of 2147483648 bytes in a file of');
    await expect(parquetDataset(bytes.subarray(0, 500))).rejects.toThrow('it does not end in PAR1');
    await expect(parquetDataset(bytes, { limits: { memory: 10 } })).rejects.toThrow('raise limits.memory');
  });
});
