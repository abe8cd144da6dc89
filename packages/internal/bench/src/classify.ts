/**
 * Classifying image files beside the two things that it is made of, in turns: `pnpm --filter @cnnzoo/bench classify [NETWORK] [FILES] [ROUNDS]`.
 * Prints the time of `classify` with two workers, of decoding and preparing alone, and of the frozen network alone on prepared images;
 * how much of the speed of both together `classify` has; and the delay of the event loop meanwhile.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { freeze, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { imagePreparer } from '@cnnzoo/data';
import { evaluationTransform } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import { createModel, imageClassifier, type ModelId } from 'cnnzoo';
import { markdownTable } from 'markdown-table';
import sharp from 'sharp';
import { median } from './statistics.js';

const [network = 'resnet18', count = '1000', rounds = '3'] = process.argv.slice(2);
const workers = 2;
/** As `classify` has it at 224 x 224. */
const batch = 16;

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-bench-'));
const photo = fileURLToPath(new URL('../../../transforms/src/fixtures/photo.png', import.meta.url));
const jpeg = await sharp(photo).resize(500, 375).jpeg({ quality: 90 }).toBuffer();
const files = Array.from({ length: Number(count) }, (_, i) => join(folder, `${i}.jpg`));
for (const file of files) writeFileSync(file, jpeg);
const batches = Array.from({ length: Math.ceil(files.length / batch) }, (_, i) =>
  files.slice(i * batch, (i + 1) * batch),
);

registerOnnxBackend();
await tf.setBackend('onnx');
const model = createModel(network as ModelId);
const classifier = imageClassifier(model);
const frozen = freeze(model, { worker: workers, inputShape: [224, 224, 3] });
const preparer = imagePreparer({ transform: evaluationTransform('imagenet'), workers });
const { data: prepared } = await preparer.prepare(batches[0] ?? []);

/** Runs a batch after the other, two for each worker at a time. */
async function inTurn(run: (batch: string[]) => Promise<unknown>): Promise<void> {
  const left = [...batches];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await run(next);
  };
  await Promise.all(Array.from({ length: 2 * workers }, lane));
}

/** Milliseconds of the event loop's delay in each round: at the 99th percentile, and the longest. */
const delays: { p99: number; longest: number }[] = [];
const ways = {
  'classify, from files': async () => {
    // One for each round: what was enabled again counts the time in between.
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await classifier.classify(files, { worker: workers });
    delay.disable();
    delays.push({ p99: delay.percentile(99) / 1e6, longest: delay.max / 1e6 });
  },
  'decoding and preparing alone': () => inTurn((names) => preparer.prepare(names)),
  'the frozen network alone': () =>
    inTurn(({ length }) =>
      frozen.run(prepared.subarray(0, (prepared.length / Math.min(batch, files.length)) * length)),
    ),
};
await classifier.classify(files.slice(0, 2 * batch), { worker: workers });
await Promise.all([frozen.run(prepared), frozen.run(prepared)]);

const times = Object.values(ways).map((): number[] => []);
for (let round = 0; round < Number(rounds); round++)
  for (const [i, run] of Object.values(ways).entries()) {
    const start = performance.now();
    await run();
    times[i]?.push((performance.now() - start) / 1000);
  }
const [whole = Number.NaN, ...parts] = times.map(median);
const both = parts.reduce((sum, part) => sum + part, 0);
console.log(
  markdownTable([
    [`${network}, ${files.length} files of 500 x 375, ${workers} workers`, 'seconds', 'images a second'],
    ...Object.keys(ways).map((way, i) => {
      const time = median(times[i] ?? []);
      return [way, time.toFixed(2), (files.length / time).toFixed(0)];
    }),
  ]),
);
const [p99, longest] = (['p99', 'longest'] as const).map((name) =>
  median(delays.map((round) => round[name])).toFixed(1),
);
console.log(
  `\nclassify has ${(both / whole).toFixed(3)} of the speed of both after each other; event loop p99 ${p99} ms, longest ${longest} ms`,
);
await Promise.all([classifier.dispose(), frozen.dispose(), preparer.close()]);
rmSync(folder, { recursive: true });
