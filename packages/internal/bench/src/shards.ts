/**
 * Data larger than a disk, in small: a million synthetic samples in a thousand tar shards, 2 GB under the system's temporary folder, removed after. Prints the
 * memory over an epoch, a hash of its order for each number of workers, and whether it is resumed exactly at drawn batches:
 * `node --expose-gc --import tsx packages/internal/bench/src/shards.ts [WORKERS=0,1,2,4] [SHARDS=1000] [SAMPLES=1000]`.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataLoader, type Dataset, type ReferenceDataset, webDataset, writeWebDataset } from '@cnnzoo/data';
import { randomGenerator } from '@cnnzoo/transforms';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

const [workerList = '0,1,2,4', shardText = '1000', sampleText = '1000'] = process.argv.slice(2);
const [shards, samples] = [Number(shardText), Number(sampleText)];
const batchSize = 128;
const categories = Array.from({ length: 10 }, (_, i) => `class ${i}`);
/** Epochs that are begun in their middle, and batches that are compared of each. */
const resumptions = 4;
const compared = 10;
/** Of a PPM of one pixel, whose three bytes come after it. */
const head = Buffer.from('P6 1 1 255\n');

/** One shard as `writeWebDataset` writes it; the others differ in their pixels, which say shard and place. */
async function writeShards(folder: string): Promise<void> {
  const reference = (k: number) => {
    const bytes = new Uint8Array(Buffer.concat([head, Uint8Array.of(k & 255, k >> 8, 0)]));
    const name = `${String(k).padStart(6, '0')}.ppm`;
    return { kind: 'file', name, label: k % 10, path: '', bytes, decoding: { channels: 3 } } as const;
  };
  const dataset: ReferenceDataset = {
    length: samples,
    categories,
    reference,
    get: () => Promise.reject(new Error('it is written by its references')),
  };
  const first = join(folder, 'first');
  const { shardlist, ...index } = await writeWebDataset(dataset, first, { maxCount: samples });
  const bytes = readFileSync(join(first, shardlist[0]?.url ?? ''));
  const pixels: number[] = [];
  for (let at = 0; at < bytes.length; at += 512)
    if (bytes.subarray(at, at + head.length).equals(head)) pixels.push(at + head.length);
  const urls = Array.from({ length: shards }, (_, s) => `data-${String(s).padStart(6, '0')}.tar`);
  for (const [s, url] of urls.entries()) {
    for (const at of pixels) {
      bytes[at + 1] = ((bytes[at + 1] ?? 0) & 3) | ((s & 63) << 2);
      bytes[at + 2] = s >> 6;
    }
    writeFileSync(join(folder, url), bytes);
  }
  rmSync(first, { recursive: true });
  const list = urls.map((url) => ({ url, nsamples: samples }));
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ ...index, shardlist: list }));
}

/** A hash of the labels and pixels of each batch. */
async function epoch(dataset: Dataset, workers: number, from = 0, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const loader = new DataLoader(dataset, { batchSize, shuffle: true, seed: 7, workers, prefetch: 4 });
  const start = performance.now();
  const every = Math.ceil(loader.batchesPerEpoch / 8);
  const hashes: string[] = [];
  for await (const { images, labels } of loader.epoch(0, from)) {
    const hash = createHash('sha256');
    for (const tensor of [images, labels]) hash.update(new Uint8Array(new Float32Array(tensor.dataSync()).buffer));
    hashes.push(hash.digest('hex'));
    tf.dispose([images, labels]);
    if (hashes.length === most) break;
    if (hashes.length % every > 0) continue;
    global.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const [seconds, megabytes] = [(performance.now() - start) / 1000, [rss, heapUsed].map((bytes) => bytes / 1e6)];
    console.log(
      `${workers} workers, ${hashes.length * batchSize} samples, ${seconds.toFixed(0)} s: RSS ${megabytes[0]?.toFixed(0)} MB, heap ${megabytes[1]?.toFixed(0)} MB`,
    );
  }
  await loader.close();
  return hashes;
}

await tf.setBackend('cpu');
const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-shards-'));
try {
  mkdirSync(folder, { recursive: true });
  await writeShards(folder);
  const dataset = await webDataset(folder);
  console.log(`${dataset.length} samples in ${dataset.shards.length} shards`);
  let first: string[] | undefined;
  for (const workers of workerList.split(',').map(Number)) {
    const hashes = await epoch(dataset, workers);
    first ??= hashes;
    const order = createHash('sha256').update(hashes.join('')).digest('hex').slice(0, 16);
    const distinct = new Set(hashes).size === hashes.length;
    console.log(
      `${workers} workers: order ${order}, ${hashes.every((hash, i) => hash === first?.[i]) ? 'that of the first run' : 'ANOTHER one'}${distinct ? '' : ', a batch TWICE'}`,
    );
  }
  const random = randomGenerator(1);
  for (let i = 0; i < resumptions; i++) {
    const from = random.integer(0, (first?.length ?? 1) - compared);
    const start = performance.now();
    const resumed = await epoch(dataset, 0, from, compared);
    const same = resumed.length === compared && resumed.every((hash, j) => hash === first?.[from + j]);
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `resumed at batch ${from} in ${seconds.toFixed(1)} s: ${same ? 'the same' : 'OTHER'} ${compared} batches`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
