/**
 * What computing the first step costs beyond computing a later one, which is compiling its graph: `first-step.ts FOLDER NETWORK train|predict BATCH`, with the packages of the checkout in
 * FOLDER, which has to be built. Prints one line of JSON: milliseconds of processor time.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

export interface FirstStep {
  /** Of computing the first step, without what a later one takes. Recording it is not counted. */
  readonly compilation: number;
  /** The shortest of the later steps. */
  readonly step: number;
}

const [folder = '', network = '', mode = '', batch = '1'] = process.argv.slice(2);
const load = createRequire(join(folder, 'packages/internal/bench/package.json'));
const tf = load('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core');
const { registerOnnxBackend } = load('@cnnzoo/backend-onnx') as typeof import('@cnnzoo/backend-onnx');
const networks = {
  ...(load('@cnnzoo/resnet') as Record<string, unknown>),
  ...(load('@cnnzoo/lenet') as Record<string, unknown>),
} as Record<string, (options: { initialWeights: 'zeros' }) => LayersModel>;

/** Few pixels, so that the step is short beside what is measured; the graph has as many nodes, and the weights are as many. */
const size: [number, number, number] = network === 'lenet5' ? [32, 32, 1] : [96, 96, 3];

// One thread: threads that wait for each other by spinning would count as processor time.
registerOnnxBackend({ threads: 1 });
await tf.setBackend('onnx');
const build = networks[network];
if (build === undefined) throw new RangeError(`no network is called '${network}'`);
const model = build({ initialWeights: 'zeros' });
// Not zeros: what only moves elements may see that there is nothing to move.
tf.tidy(() => {
  const values = (shape: number[]) => tf.reshape(tf.linspace(0.01, 0.1, tf.util.sizeFromShape(shape)), shape);
  model.setWeights(model.getWeights().map(({ shape }) => values(shape)));
});
for (const weight of model.getWeights()) weight.dataSync();
const images = tf.zeros([Number(batch), ...size]) as Tensor4D;
const classes = model.outputs[0]?.shape.at(-1) ?? 1;
const labels = tf.oneHot(tf.zeros([Number(batch)], 'int32'), classes);
const optimizer = tf.train.momentum(1e-5, 0.9);

/** Records a step, and returns what reads its result: that compiles the graph where it is new, and runs it. */
function record(): () => void {
  const result =
    mode === 'predict'
      ? (model.apply(images) as Tensor)
      : optimizer.minimize(
          () => tf.losses.softmaxCrossEntropy(labels, model.apply(images, { training: true }) as Tensor),
          true,
        );
  return () => {
    result?.dataSync();
    result?.dispose();
  };
}

function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const [first = Number.NaN, ...later] = [0, 1, 2, 3].map(() => processorTime(record()));
const step = Math.min(...later);
console.log(JSON.stringify({ compilation: first - step, step } satisfies FirstStep));
process.exit(0);
