import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32, gunzipSync, gzipSync } from 'node:zlib';
import type { Source } from '@cnnzoo/files';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError } from '../data-error.js';
import { arrayDataset } from '../datasets/array-dataset.js';
import type { Dataset } from '../datasets/dataset.js';
import { imageKey } from '../datasets/image-key.js';
import { split, subset } from '../datasets/subset.js';
import { encoded } from '../fixtures/images.js';
import { type TarEntry, tarOf } from '../fixtures/tar-writer.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { writeShards } from '../fixtures/write-shards.js';
import { DataLoader } from '../loader/data-loader.js';
import type { DataLoaderOptions } from '../loader/data-loader-options.js';
import { ShuffleBuffer } from '../shards/shuffle-buffer.js';
import { openTar } from './open-tar.js';
import { shardFormat } from './shard-format.js';
import { shardPlaces } from './shard-places.js';
import { tarSamples } from './tar-samples.js';
import { webDataset } from './web-dataset.js';
import { writeWebDataset } from './write-web-dataset.js';

/** Made by fixtures/web_dataset.py. */
interface Golden {
  readonly tars: readonly {
    readonly tar: string;
    readonly samples: readonly (readonly [key: string, members: Readonly<Record<string, string>>])[];
    readonly error: string | null;
  }[];
  readonly buffers: readonly { readonly length: number; readonly size: number; readonly order: readonly number[] }[];
  readonly splits: readonly (Readonly<Record<'count' | 'rank' | 'worldSize' | 'worker' | 'numWorkers', number>> & {
    readonly shards: readonly number[];
  })[];
  readonly braces: readonly (readonly [pattern: string, names: readonly string[]])[];
  readonly written: {
    readonly shards: readonly string[];
    readonly samples: readonly { readonly key: string; readonly label: number; readonly pixels: readonly number[] }[];
  };
}
const golden: Golden = JSON.parse(readFileSync(new URL('../fixtures/web-dataset.json', import.meta.url), 'utf8'));
const unpacked = (text: string) => gunzipSync(Buffer.from(text, 'base64'));
const folder = temporaryFolder();
const pythonShards = golden.written.shards.map(unpacked);

/** Small shards: sample k of shard s is a PNG of the colour (s, k, 200), with label (s + k) % 3. */
const counts = [7, 0, 12, 5, 9, 1, 8, 11];
const shards: Buffer[] = [];
const shardNames = counts.map((_, s) => join(folder, `d-${s}.tar`));
const server = createServer((request, response) => {
  const shard = shards[Number(/d-(\d)/.exec(request.url ?? '')?.[1])];
  if (shard === undefined || !request.url?.endsWith('?key=secret')) return response.writeHead(403).end();
  const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': shard.length - start,
    ...(start > 0 && { 'content-range': `bytes ${start}-${shard.length - 1}/${shard.length}` }),
  });
  // The first connection is cut after some of it.
  if (start > 0 || shard.length < 4000) return response.end(shard.subarray(start));
  return response.write(shard.subarray(start, start + 3001), () => response.destroy());
});
let base = '';

beforeAll(async () => {
  await tf.setBackend('cpu');
  for (const [s, count] of counts.entries()) {
    const entries: TarEntry[] = [];
    for (let k = 0; k < count; k++) {
      entries.push({ path: `${s}/${k}.png`, content: await encoded('png', [s, k, 200], 2, 2) });
      entries.push({ path: `${s}/${k}.cls`, content: Buffer.from(String((s + k) % 3)) });
    }
    shards.push(tarOf(entries));
    writeFileSync(shardNames[s] ?? '', tarOf(entries));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Of each batch the samples as shard, place, label. */
async function epoch(loader: DataLoader, index = 0, fromBatch = 0): Promise<string[][]> {
  const batches: string[][] = [];
  for await (const { images, labels } of loader.epoch(index, fromBatch)) {
    const [pixels, known] = [await images.data(), await labels.data()];
    const size = images.size / images.shape[0];
    batches.push(Array.from(known, (label, i) => `${pixels[i * size]}.${pixels[i * size + 1]}:${label}`));
    tf.dispose([images, labels]);
  }
  await loader.close();
  return batches;
}
const inOrder = counts.flatMap((count, s) => Array.from({ length: count }, (_, k) => `${s}.${k}:${(s + k) % 3}`));
const loaderOf = (dataset: Dataset, options: Partial<DataLoaderOptions> = {}) =>
  new DataLoader(dataset, { batchSize: 4, seed: 3, ...options });

describe('as Python webdataset', () => {
  test.each(golden.tars.map((each, i) => [i, each] as const))('drawn tar %i has the same samples', async (_, each) => {
    const { reader } = await openTar(unpacked(each.tar), undefined, undefined);
    const found: unknown[] = [];
    let error: string | null = null;
    for await (const { key, members, problem } of tarSamples(reader, undefined, () => true)) {
      if (problem !== undefined) {
        error = 'duplicate';
        break;
      }
      const hashes = [...members].map(([extension, { bytes = new Uint8Array(0) }]) => [
        extension,
        createHash('sha256').update(bytes).digest('hex').slice(0, 8),
      ]);
      found.push([key, Object.fromEntries(hashes)]);
    }
    expect({ samples: found, error }).toEqual({ samples: each.samples, error: each.error });
  });

  test.each(golden.buffers.map((each) => [each.length, each.size, each.order] as const))(
    '%i samples through a buffer of %i',
    (length, size, order) => {
      let x = 1;
      const integer = (low: number, high: number) => {
        x = Number((1103515245n * BigInt(x) + 12345n) % 2n ** 31n);
        return low + ((x >> 8) % (high - low));
      };
      const fail = () => expect.unreachable();
      const random = { integer, uniform: fail, normal: fail, beta: fail, permutation: fail };
      // Python draws from one sample, too.
      const buffer = new ShuffleBuffer(length, size, random);
      const drawn: number[] = [];
      for (let next = buffer.next(); next !== undefined; next = buffer.next()) drawn.push(next);
      expect(drawn).toEqual(order);
    },
  );

  test('braces name the same shards', async () => {
    for (const [pattern, names] of golden.braces)
      expect(await shardPlaces(pattern).then((places) => ('sources' in places ? places.sources : []))).toEqual(names);
    await expect(webDataset('{1..100001}.tar')).rejects.toThrow('at most 100000');
  });

  test('processes and workers get the same shards', async () => {
    for (const { count, shards: own, ...share } of golden.splits) {
      const sources = Array.from({ length: count }, (_, i) => tarOf([{ path: `${i}.png` }]));
      const given = webDataset(sources, { classes: ['a'], split: share });
      if (own.length === 0) await expect(given).rejects.toThrow(`none of the ${count} shards`);
      else expect((await given).length).toBe(own.length);
    }
    await expect(webDataset(['a.tar'], { split: { rank: 2, worldSize: 2 } })).rejects.toThrow('split.rank');
  });

  test('shards that Python wrote have the same images and labels', async () => {
    for (const options of [{}, { label: 'json:label', classes: ['a', 'b', 'c'] }]) {
      const dataset = await webDataset(pythonShards, options);
      expect(dataset.categories).toHaveLength(3);
      for (const [i, { label, pixels }] of golden.written.samples.entries()) {
        const sample = await dataset.get(i);
        expect([sample.label, ...sample.image.data]).toEqual([label, ...pixels]);
      }
    }
  });
});

describe('the samples are the same', () => {
  const sources: Record<string, () => Source | readonly Source[]> = {
    'by braces': () => join(folder, 'd-{0..7}.tar'),
    'from a folder': () => {
      const place = join(folder, 'shards');
      mkdirSync(place);
      for (const [s, bytes] of shards.entries()) writeFileSync(join(place, `${s}.tar.gz`), gzipSync(bytes));
      return place;
    },
    'from file URLs': () => shardNames.map((name) => pathToFileURL(name)),
    'from bytes': () => shards.map((bytes) => new Uint8Array(bytes)),
    'from Blobs': () => shards.map((bytes) => new Blob([new Uint8Array(bytes)])),
    'from readers of packed shards': () =>
      shards.map((bytes) => {
        const packed = gzipSync(bytes);
        return { size: packed.length, read: async (start, length) => packed.subarray(start, start + length) };
      }),
    'from presigned addresses whose connections are cut': () => counts.map((_, s) => `${base}/d-${s}.tar?key=secret`),
    'by an index': () => {
      const shardlist = counts.map((nsamples, s) => ({ url: `d-${s}.tar`, nsamples }));
      const place = join(folder, 'index.json');
      writeFileSync(
        place,
        JSON.stringify({ __kind__: 'wids-shard-index-v1', wids_version: 1, shardlist, classes: ['0', '1', '2'] }),
      );
      return place;
    },
  };
  test.each(Object.entries(sources))('%s', async (_, make) => {
    const given = make();
    const dataset = await webDataset(given);
    expect([dataset.length, dataset.categories]).toEqual([inOrder.length, ['0', '1', '2']]);
    expect((await epoch(loaderOf(dataset))).flat()).toEqual(inOrder);
    const shuffled = (await epoch(loaderOf(dataset, { shuffle: true }))).flat();
    expect(shuffled).not.toEqual(inOrder);
    expect([...shuffled].sort()).toEqual([...inOrder].sort());
    // Backwards, each from the start of its shard.
    for (const index of [20, 19, 3, 52]) {
      const { image, label } = await dataset.get(index);
      expect(`${image.data[0]}.${image.data[1]}:${label}`).toBe(inOrder[index]);
    }
  });

  test('an address that is refused is named without its key', async () => {
    const failure = await webDataset(`${base}/x-{0..1}.tar?key=secret`).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(DataError);
    expect(String(failure)).toContain(`${base}/x-0.tar?…: the server answered 403`);
    expect(String(failure)).not.toContain('secret');
  });
});

describe('an epoch', () => {
  const options = { shuffle: true, batchSize: 4 };
  const open = (shuffleBuffer?: number) =>
    webDataset(shardNames, { classes: ['a', 'b', 'c'], ...(shuffleBuffer && { shuffleBuffer }) });

  test('has one order, whatever the number of workers, and another the next time', async () => {
    const dataset = await open();
    const expected = await epoch(loaderOf(dataset, options), 1);
    for (const workers of [1, 2, 4])
      expect(await epoch(loaderOf(dataset, { ...options, workers }), 1)).toEqual(expected);
    expect(await epoch(loaderOf(dataset, options), 2)).not.toEqual(expected);
    expect(await epoch(loaderOf(dataset, { ...options, seed: 4 }), 1)).not.toEqual(expected);
  });

  test('resumes at any batch with the batches that were still to come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 70 }),
        fc.nat(1000),
        fc.boolean(),
        fc.nat(100),
        async (batchSize, shuffleBuffer, seed, shuffle, from) => {
          const loader = loaderOf(await open(shuffleBuffer), { batchSize, seed, shuffle });
          const whole = await epoch(loader);
          const start = from % (whole.length + 1);
          expect(await epoch(loader, 0, start)).toEqual(whole.slice(start));
        },
      ),
      { numRuns: 12 },
    );
  });

  test('that is left early, or aborted while it waits, ends', async () => {
    for await (const batch of loaderOf(await open(), options).epoch(0)) {
      tf.dispose([batch.images, batch.labels]);
      break;
    }
    const abort = new AbortController();
    const dataset = await open();
    const stuck = {
      name: 'stuck',
      count: dataset.length,
      async *samples() {
        abort.abort(new Error('enough'));
        await new Promise<void>(() => {});
        yield null;
      },
    };
    const waiting = { ...dataset, shards: [stuck] };
    await expect(loaderOf(waiting, options).epoch(0, 0, { signal: abort.signal }).next()).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(0);
  });

  test('ascending subsets and splits stay in shards, and share no sample', async () => {
    const dataset = await open();
    const few = subset(dataset, [0, 6, 7, 30, 52]);
    expect((await epoch(loaderOf(few))).flat()).toEqual([0, 6, 7, 30, 52].map((i) => inOrder[i]));
    expect('shards' in few && imageKey(few, 3) === imageKey(dataset, 30)).toBe(true);
    const { training, validation } = await split(dataset, { training: 0.75, validation: 0.25 });
    const [a, b] = [await epoch(loaderOf(training, options)), await epoch(loaderOf(validation, options))];
    expect([...a.flat(), ...b.flat()].sort()).toEqual([...inOrder].sort());
    expect(validation.length).toBe(13);
    // Any other order is read one by one.
    expect((await epoch(loaderOf(subset(dataset, [9, 3])))).flat()).toEqual([inOrder[9], inOrder[3]]);
  });
});

describe('a sample or shard that cannot be used', () => {
  const png = (path: string): TarEntry => ({ path, content: Buffer.from('no image') });
  const cls = (path: string, text = '0'): TarEntry => ({ path, content: Buffer.from(text) });
  test.each<[string, readonly TarEntry[], string]>([
    ['without an image', [cls('a.cls')], 'x.tar/a: it has no image: its files end in .cls'],
    ['without a label', [png('a.png')], 'it has no .cls or .json with its label: its files end in .png'],
    ['of two images', [png('a.png'), png('a.jpg'), cls('a.cls')], "say which one with image: 'png'"],
    ['of two files of one kind', [png('a.png'), png('a.PNG'), cls('a.cls')], 'it has two files that end in .png'],
    ['of another class', [png('a.png'), cls('a.cls', 'dog')], "its class 'dog' is not among the 2 classes"],
    ['of a label too large', [png('a.png'), cls('a.cls', '2')], 'its label 2 is not below 2'],
    ['of JSON without a label', [png('a.png'), cls('a.json', '{"x":1}')], 'its .json has no "label"'],
    ['that is no image', [png('a.png'), cls('a.cls')], 'x.tar/a.png: not a JPEG, PNG'],
  ])('%s is named, and left out where that is wanted', async (_, entries, message) => {
    const place = join(folder, 'x.tar');
    writeFileSync(
      place,
      tarOf([...entries, { path: 'good.png', content: await encoded('png', [9, 9, 9]) }, cls('good.cls')]),
    );
    const dataset = await webDataset(place, { classes: ['a', 'b'] });
    expect(dataset.length).toBe(2);
    await expect(dataset.get(0)).rejects.toThrow(message);
    await expect(epoch(loaderOf(dataset))).rejects.toThrow(message);
    const loader = loaderOf(dataset, { onError: 'skip' });
    expect(await epoch(loader)).toEqual([['9.9:0']]);
    expect(`${loader.skipped[0]?.file} ${loader.skipped[0]?.message}`).toContain(message.replace(/^x.tar/, ''));
  });

  test('a shard with any bytes changed is read, or gives a DataError', async () => {
    const [whole = Buffer.alloc(0)] = shards;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(whole.length),
        fc.boolean(),
        fc.boolean(),
        async (changes, end, cut, packed) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          const damaged = cut ? bytes.subarray(0, end) : bytes;
          const read = async () => {
            const dataset = await webDataset([packed ? gzipSync(damaged) : damaged], { classes: ['a', 'b', 'c'] });
            return (await epoch(loaderOf(dataset, { onError: 'skip' }))).flat().length;
          };
          const result = await read().catch((error: unknown) => error);
          if (typeof result === 'number') expect(result).toBeLessThanOrEqual(7);
          else expect(result).toBeInstanceOf(DataError);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('an index that does not fit its shards ends the epoch', async () => {
    const place = join(folder, 'wrong.json');
    for (const [nsamples, message] of [
      [6, 'more samples than the 6'],
      [8, '7 samples, not the 8'],
    ] as const) {
      const shardlist = [{ url: 'd-0.tar', nsamples }];
      writeFileSync(place, JSON.stringify({ __kind__: 'wids-shard-index-v1', shardlist, classes: ['a', 'b', 'c'] }));
      const loader = loaderOf(await webDataset(place), { onError: 'skip' });
      await expect(epoch(loader)).rejects.toThrow(`d-0.tar: it has ${message}`);
    }
    writeFileSync(place, '{"shardlist":[]}');
    await expect(webDataset(place)).rejects.toThrow('no index of shards');
  });

  test('sparse files, other compressions, folders without shards and mixed labels are refused in words', async () => {
    const record = '22 GNU.sparse.major=1\n';
    const sparse = tarOf([{ path: 'p', type: 'ExtendedHeader', content: Buffer.from(record) }, png('a.png')]);
    await expect(webDataset([sparse])).rejects.toThrow("its entry 'a.png' is a sparse file");
    const old = tarOf([png('a.png')]);
    old[156] = 'S'.charCodeAt(0);
    const sum = old.subarray(0, 512).reduce((a, b, i) => a + (i >= 148 && i < 156 ? 32 : b), 0);
    old.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await expect(webDataset([old])).rejects.toThrow('is a sparse file');
    const few = { limits: { entries: 3 } };
    await expect(webDataset([gzipSync(shards[0] ?? '')], few)).rejects.toThrow('raise limits.entries');
    await expect(webDataset([Buffer.from('BZh91AY')])).rejects.toThrow('packed by bzip2');
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    await expect(webDataset(empty)).rejects.toThrow('without a .tar');
    const mixed = tarOf([png('a.png'), cls('a.cls', '1'), png('b.png'), cls('b.cls', 'dog')]);
    await expect(webDataset([mixed])).rejects.toThrow('others names');
    await expect(webDataset(join(folder, 'nowhere.tar'))).rejects.toThrow(DataError);
    await expect(webDataset([])).rejects.toThrow('shards must be');
  });
});

describe('shards that are written', () => {
  /** Made by fixtures/read_web_dataset.py of what fixtures/write-shards.ts writes. */
  const written: readonly {
    readonly sha256: string;
    readonly samples: readonly (readonly [key: string, ending: string, label: number, crc: number])[];
  }[] = JSON.parse(readFileSync(new URL('../fixtures/web-dataset-written.json', import.meta.url), 'utf8'));

  test('have the bytes that Python read, and an index of them', async () => {
    const place = join(folder, 'written');
    const index = await writeShards(place);
    expect(index.shardlist.map(({ sha256 }) => sha256)).toEqual(written.map(({ sha256 }) => sha256));
    expect(index).toMatchObject({ nsamples: 9, class_nsamples: [1, 2, 4, 1, 1] });
    expect(JSON.parse(readFileSync(join(place, 'shards', 'index.json'), 'utf8'))).toEqual(index);
    const dataset = await webDataset(join(place, 'shards'));
    expect(dataset.categories).toEqual(index.classes);
    for (const [name, format] of [
      ['written/shards', 'webdataset'],
      ['written/shards/index.json', 'webdataset'],
      ['written/shards/data-000000.tar', 'webdataset'],
      ['written/images', null],
      ['written/{a,b}.parquet', 'parquet'],
      ['nowhere.tar', null],
    ] as const)
      expect([name, await shardFormat(join(folder, name))]).toEqual([name, format]);
    const expected = written.flatMap(({ samples }) => samples);
    for (const [i, [, ending, label, crc]] of expected.entries()) {
      const sample = await dataset.get(i);
      expect(sample.label).toBe(label);
      // webdataset decodes what these end in; PPM and TIFF come from it as they are.
      if (/jpg|png/.test(ending)) expect(crc32(sample.image.data as Uint8Array)).toBe(crc);
    }
    // The index beside shards that are named themselves is theirs, where it has all of them.
    const shard = join(place, 'shards', 'data-000001.tar');
    expect((await webDataset([shard])).categories).toEqual(index.classes);
    await expect(writeWebDataset(dataset, join(place, 'shards'))).rejects.toThrow('a new or an empty one');
    // From shards to shards.
    const again = await writeWebDataset(dataset, join(place, 'again'), { maxSize: 1 });
    expect(again.shardlist).toHaveLength(9);
    expect((await webDataset(join(place, 'again'))).length).toBe(9);
  });

  test('pixels are written as PNGs, floats are refused, and samples of one key stay apart', async () => {
    const data = Uint8Array.from({ length: 48 }, (_, i) => 5 * i);
    const shape = { labels: [1, 0, 1, 1], width: 2, height: 2, channels: 3, categories: ['x', 'y'] };
    const place = join(folder, 'pixels');
    await writeWebDataset(arrayDataset({ data, ...shape }), place);
    const read = await webDataset(place, { classes: ['x', 'y'] });
    for (const [i, label] of shape.labels.entries()) {
      const sample = await read.get(i);
      expect([sample.label, ...sample.image.data]).toEqual([label, ...data.subarray(12 * i, 12 * i + 12)]);
    }
    const floats = arrayDataset({ data: new Float32Array(48), ...shape });
    await expect(writeWebDataset(floats, join(folder, 'floats'))).rejects.toThrow('sample 0 must be an 8-bit image');
  });
});
