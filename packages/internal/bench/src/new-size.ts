/**
 * What a size that the engine has not seen costs, and what its sessions keep: `pnpm --filter @cnnzoo/bench new-size`. Two operations on sizes
 * that all differ, then predictions of a ResNet-18 on images of 32 sizes: milliseconds in all, of compiling and of running, and the
 * bytes that `engineStats()` estimates beside those by which the process grew.
 */
import { engineStats, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { resnet18 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { markdownTable } from 'markdown-table';

registerOnnxBackend();
await tf.setBackend('onnx');
const model = resnet18({ inputShape: [null, null, 3], seed: 1 });

/** @param run something on the size with this number, from 0 */
function measure(name: string, count: number, run: (size: number) => tf.Tensor): string[] {
  const compute = (size: number) => tf.tidy(() => run(size).dataSync());
  // The first ones load libraries and compile JavaScript.
  for (let size = 0; size < 4; size++) compute(size);
  const [before, memory, start] = [engineStats(), process.memoryUsage.rss(), performance.now()];
  for (let size = 4; size < 4 + count; size++) compute(size);
  const [milliseconds, after] = [performance.now() - start, engineStats()];
  const grown = process.memoryUsage.rss() - memory;
  const each = (total: number) => (total / count).toFixed(1);
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  return [
    name,
    String(after.compilations - before.compilations),
    each(milliseconds),
    each(after.compileTime - before.compileTime),
    each(after.runTime - before.runTime),
    megabytes(after.sessionBytes - before.sessionBytes),
    megabytes(grown),
  ];
}

const rows = [
  measure('add and multiply', 100, (size) => tf.mul(tf.add(tf.zeros([size + 1, 3]), 1), 2)),
  measure('ResNet-18', 32, (size) => model.predict(tf.zeros([1, 64 + 8 * size, 64, 3])) as tf.Tensor),
];
console.log(
  markdownTable([['work', 'compiled', 'ms a size', 'compiling', 'running', 'estimated MB', 'grown by MB'], ...rows]),
);
