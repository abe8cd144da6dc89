/**
 * Times @cnnzoo/transforms and @cnnzoo/data's decoding against Pillow through torchvision, one thread each, interleaved:
 * `node --import tsx packages/internal/bench/src/transforms.ts [PYTHON [ROUNDS]]`. PYTHON has torchvision, default /usr/bin/python3.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DataLoader, decodeImage, imageFolder } from '@cnnzoo/data';
import {
  colorJitter,
  evaluationTransform,
  randAugment,
  randomGenerator,
  resize,
  rotate,
  trainingTransform,
} from '@cnnzoo/transforms';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { median } from './statistics.js';

const [python = '/usr/bin/python3', given = '25'] = process.argv.slice(2);
const rounds = Number(given);

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-bench-'));
const jpegFile = join(folder, 'photo.jpg');
const jpeg = await sharp(path('../../../transforms/src/fixtures/photo.png'))
  .resize(500, 375)
  .jpeg({ quality: 90 })
  .toBuffer();
writeFileSync(jpegFile, jpeg);

// One core: no threads inside of a decoder, and nothing cached between images.
sharp.concurrency(1);
sharp.cache(false);
const decode = () => decodeImage(jpeg, 'photo.jpg');
const image = await decode();
const small = resize([224, 224])(image);
const random = randomGenerator(1);
const [bilinear256, bicubic256] = [resize(256), resize(256, { interpolation: 'bicubic' })];
const [training, evaluation] = [trainingTransform('imagenet'), evaluationTransform('imagenet')];
const jitter = colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 });
const [augment, turn] = [randAugment(), rotate(15, { interpolation: 'bilinear' })];

/** What is timed, and how often in a round. */
const tasks: Record<string, { count: number; run: () => unknown }> = {
  resize: { count: 20, run: () => bilinear256(image) },
  bicubic: { count: 20, run: () => bicubic256(image) },
  training: { count: 10, run: async () => training(await decode(), random) },
  evaluation: { count: 10, run: async () => evaluation(await decode()) },
  colorJitter: { count: 10, run: () => jitter(small, random) },
  randAugment: { count: 10, run: () => augment(small, random) },
  rotate: { count: 10, run: () => turn(small) },
};

const peer = spawn(python, [path('../python/transforms.py'), jpegFile], { stdio: ['pipe', 'pipe', 'inherit'] });
const answers = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
const answer = async () => String((await answers.next()).value);

async function timeHere(name: string): Promise<number> {
  if (name === 'loader') return timeLoader();
  const { count = 1, run = () => {} } = tasks[name] ?? {};
  const start = performance.now();
  for (let i = 0; i < count; i++) await run();
  return (performance.now() - start) / count;
}

async function timePeer(name: string): Promise<number> {
  peer.stdin.write(name === 'loader' ? `loader ${data}\n` : `${name} ${tasks[name]?.count}\n`);
  return Number(await answer());
}

// The whole way: read, decode, transform in two workers, batches of 32.
const data = join(folder, 'data');
mkdirSync(join(data, 'class'), { recursive: true });
for (let i = 0; i < 640; i++) writeFileSync(join(data, 'class', `${i}.jpg`), jpeg);
const loader = new DataLoader(await imageFolder(data), {
  batchSize: 32,
  workers: 2,
  shuffle: true,
  transform: trainingTransform('imagenet'),
});
await tf.setBackend('cpu');

/** Milliseconds per image from the first batch on, which waits for the workers. */
async function timeLoader(): Promise<number> {
  let count = 0;
  let start = 0;
  for await (const { images, labels } of loader.epoch(0)) {
    if (start === 0) start = performance.now();
    else count += images.shape[0];
    tf.dispose([images, labels]);
  }
  return (performance.now() - start) / count;
}

console.log(
  `JPEG of 500 x 375, against ${await answer()}; medians of ${rounds} interleaved rounds, one thread each; the loaders have 2 workers`,
);
for (const name of [...Object.keys(tasks), 'loader']) {
  for (let warmUp = 0; warmUp < 3; warmUp++) {
    await timeHere(name);
    await timePeer(name);
  }
  const here: number[] = [];
  const there: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [a, b] = [await timeHere(name), await timePeer(name)];
    here.push(a);
    there.push(b);
    ratios.push(a / b);
  }
  const ms = (value: number) => `${value.toFixed(2).padStart(6)} ms`;
  console.log(
    `${name.padEnd(12)} cnnzoo ${ms(median(here))}  Pillow ${ms(median(there))}  ratio ${median(ratios).toFixed(2)}  ${(1000 / median(here)).toFixed(0).padStart(5)} images/s`,
  );
}
peer.stdin.end();
await loader.close();
rmSync(folder, { recursive: true });
