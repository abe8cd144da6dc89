/**
 * What a server asks of frozen models: `npm run serving` in this package. Measures the event loop's delay while a worker predicts,
 * the throughput of concurrent requests in batches, and memory over many predictions and after `dispose`; prints Markdown.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { freeze, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { cifarResnet, resnet50 } from '@cnnzoo/resnet';
import { goldenInput } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import { markdownTable } from 'markdown-table';
import { median } from './statistics.js';
import { processMemory } from './worker/process-memory.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const milliseconds = (value: number) => value.toFixed(2);

/** The event loop's delay at quantiles while something runs. */
async function loopDelay(seconds: number, work: (until: number) => Promise<number>): Promise<string[]> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const predictions = await work(performance.now() + seconds * 1000);
  delay.disable();
  const at = (percentile: number) => milliseconds(delay.percentile(percentile) / 1e6);
  return [`${predictions}`, at(50), at(99), milliseconds(delay.max / 1e6)];
}

async function measureLoopDelay(seconds: number): Promise<string> {
  const model = resnet50({ initialWeights: 'zeros' });
  const here = freeze(model, { batchSize: 1 });
  const there = freeze(model, { batchSize: 1, worker: true });
  const images = goldenInput(1, 3, 224, 224);
  await there.run(images);
  const backToBack = (run: () => Float32Array | Promise<Float32Array>) => async (until: number) => {
    let predictions = 0;
    for (; performance.now() < until; predictions++) {
      await run();
      // Whoever predicts in this thread has to let others in, too.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return predictions;
  };
  const idle = await loopDelay(seconds, async () => {
    await sleep(seconds * 1000);
    return 0;
  });
  const inWorker = await loopDelay(
    seconds,
    backToBack(() => there.run(images)),
  );
  const inThread = await loopDelay(
    seconds,
    backToBack(() => here.run(images)),
  );
  here.dispose();
  await there.dispose();
  model.dispose();
  const header = ['ResNet-50 back to back', 'predictions', 'median ms', 'p99 ms', 'longest ms'];
  const rows = [
    ['nothing', ...idle],
    ['in a worker', ...inWorker],
    ['in this thread', ...inThread],
  ];
  return `## Delay of the event loop\n\nMeasured with timers of 1 ms, which count.\n\n${markdownTable([header, ...rows], { align: ['l', 'r', 'r', 'r', 'r'] })}`;
}

async function measureThroughput(rounds: number): Promise<string> {
  const model = cifarResnet({ depth: 20, initialWeights: 'zeros' });
  const requests = 64;
  const images = goldenInput(1, 3, 32, 32);
  const alone = freeze(model, { worker: true });
  const batched = freeze(model, { worker: true, batching: { maxBatchSize: requests, maxDelay: 2 } });
  const concurrent = async (run: (images: Float32Array) => Promise<Float32Array>) => {
    await Promise.all(Array.from({ length: requests }, () => run(images)));
  };
  const tensor = tf.tensor(images, [1, 32, 32, 3]);
  const oneByOne = async (run: () => unknown) => {
    for (let i = 0; i < requests; i++) await run();
  };
  const ways: Record<string, () => Promise<void>> = {
    'one at a time': () => oneByOne(() => batched.run(images)),
    'one at a time, no batching': () => oneByOne(() => alone.run(images)),
    'one at a time, model.predict': () =>
      oneByOne(() => tf.tidy(() => void (model.predict(tensor) as tf.Tensor).dataSync())),
    '64 at once, no batching': () => concurrent(alone.run),
    '64 at once': () => concurrent(batched.run),
  };
  const times = new Map(Object.keys(ways).map((way) => [way, [] as number[]]));
  for (let round = 0; round <= rounds; round++)
    for (const [way, run] of Object.entries(ways)) {
      const start = performance.now();
      await run();
      // The first round compiles and allocates.
      if (round > 0) times.get(way)?.push(performance.now() - start);
    }
  await alone.dispose();
  await batched.dispose();
  tensor.dispose();
  model.dispose();
  const perSecond = [...times].map(([way, list]) => ({ way, throughput: (requests / median(list)) * 1000 }));
  const first = perSecond[0]?.throughput ?? Number.NaN;
  const header = ['ResNet-20, 32x32, in a worker, batches of 64 at most, 2 ms', 'images a second', '× one at a time'];
  const rows = perSecond.map(({ way, throughput }) => [way, throughput.toFixed(0), (throughput / first).toFixed(2)]);
  return `## Throughput\n\n${markdownTable([header, ...rows], { align: ['l', 'r', 'r'] })}`;
}

async function settledMemory(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await sleep(50);
  }
  return processMemory().residentMemory / 1e6;
}

async function measureMemory(predictions: number): Promise<string> {
  const small = cifarResnet({ depth: 20, initialWeights: 'zeros' });
  const images = goldenInput(1, 3, 32, 32);
  const tensor = tf.tensor(images, [1, 32, 32, 3]);
  const here = freeze(small);
  const there = freeze(small, { worker: true });
  const ways: Record<string, () => unknown> = {
    'frozen.run': () => here.run(images),
    'frozen.predict': () => here.predict(tensor).dispose(),
    'model.predict': () => tf.tidy(() => void (small.predict(tensor) as tf.Tensor).dataSync()),
    'frozen.run in a worker': () => there.run(images),
  };
  const rows: string[][] = [];
  for (const [way, run] of Object.entries(ways)) {
    for (let i = 0; i < 500; i++) await run();
    const [before, tensors] = [await settledMemory(), tf.memory().numTensors];
    for (let i = 0; i < predictions; i++) await run();
    const after = await settledMemory();
    rows.push([
      way,
      before.toFixed(1),
      after.toFixed(1),
      (after - before).toFixed(1),
      `${tf.memory().numTensors - tensors}`,
    ]);
  }
  here.dispose();
  await there.dispose();
  tensor.dispose();

  const large = resnet50({ initialWeights: 'zeros' });
  const pixels = goldenInput(1, 3, 224, 224);
  const disposals: string[][] = [];
  for (const worker of [false, true]) {
    const cycle = async () => {
      const before = await settledMemory();
      const frozen = worker ? freeze(large, { worker: true }) : freeze(large);
      for (let i = 0; i < 5; i++) await frozen.run(pixels);
      const during = await settledMemory();
      await frozen.dispose();
      return { before, during, after: await settledMemory() };
    };
    // What the first one leaves is code and thread stacks, and the allocator's.
    const first = await cycle();
    const cycles = [await cycle(), await cycle(), await cycle()];
    const taken = median(cycles.map(({ before, during }) => during - before));
    const kept = median(cycles.map(({ before, after }) => after - before));
    disposals.push([
      worker ? 'in a worker' : 'in this thread',
      (first.after - first.before).toFixed(1),
      taken.toFixed(1),
      kept.toFixed(1),
      `${((100 * kept) / taken).toFixed(1)} %`,
    ]);
  }
  large.dispose();
  const flat = markdownTable(
    [
      [
        `${predictions.toLocaleString('en')} predictions of ResNet-20`,
        'before MB',
        'after MB',
        'more MB',
        'more tensors',
      ],
      ...rows,
    ],
    { align: ['l', 'r', 'r', 'r', 'r'] },
  );
  const given = markdownTable(
    [['ResNet-50, frozen and disposed of', 'the first keeps MB', 'one takes MB', 'and keeps MB', 'kept'], ...disposals],
    { align: ['l', 'r', 'r', 'r', 'r'] },
  );
  return `## Resident memory\n\n${flat}\n\n${given}`;
}

registerOnnxBackend();
await tf.setBackend('onnx');
const parts = {
  delay: () => measureLoopDelay(10),
  throughput: () => measureThroughput(15),
  memory: () => measureMemory(10_000),
};
const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(parts))
  if (wanted.length === 0 || wanted.includes(name)) console.log(`${await measure()}\n`);
