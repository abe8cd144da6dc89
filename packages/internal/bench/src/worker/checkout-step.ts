/** Steps of a network of another checkout of this repository, which has to be built: what `first-step.ts` and `later-steps.ts` time. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

export interface CheckoutStep {
  /** Makes the step's tensors of arrays that belong to the caller, as a data loader does. */
  readonly makeInputs: () => readonly Tensor[];
  /** Records a step, and returns what reads its result: that compiles the graph where it is new, and runs it. */
  readonly record: (inputs: readonly Tensor[]) => () => void;
}

/**
 * Loads the packages of a checkout and builds a network, on one thread: threads that wait for each other by spinning would count as
 * processor time.
 * @param programArguments the checkout's folder, network, 'train' or 'predict', batch size, and height and width of an image
 */
export async function checkoutStep([
  folder = '',
  network = '',
  mode = '',
  batch = '1',
  side = '96',
]: readonly string[]): Promise<CheckoutStep> {
  const load = createRequire(join(folder, 'packages/internal/bench/package.json'));
  const tf = load('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core');
  const { registerOnnxBackend } = load('@cnnzoo/backend-onnx') as typeof import('@cnnzoo/backend-onnx');
  const networks = {
    ...(load('@cnnzoo/resnet') as Record<string, unknown>),
    ...(load('@cnnzoo/lenet') as Record<string, unknown>),
  } as Record<string, (options: { initialWeights: 'zeros' }) => LayersModel>;
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  const build = networks[network];
  if (build === undefined) throw new RangeError(`no network is called '${network}'`);
  const model = build({ initialWeights: 'zeros' });
  // Noise of He's size, and noise as images: zeros and ramps end in gradients so small that the processor takes longer for them, and
  // what only moves elements may see that there is nothing to move.
  tf.tidy(() => {
    const values = (shape: number[], seed: number) =>
      shape.length > 1
        ? tf.randomNormal(shape, 0, Math.sqrt(2 / tf.util.sizeFromShape(shape.slice(0, -1))), 'float32', seed)
        : tf.randomUniform(shape, 0.5, 1, 'float32', seed);
    model.setWeights(model.getWeights().map(({ shape }, i) => values(shape, i + 1)));
  });
  for (const weight of model.getWeights()) weight.dataSync();

  const channels = model.inputs[0]?.shape.at(-1) ?? 3;
  const classes = model.outputs[0]?.shape.at(-1) ?? 1;
  const shape: [number, number, number, number] = [Number(batch), Number(side), Number(side), channels];
  const pixels = tf.tidy(() => tf.randomNormal(shape, 0, 1, 'float32', 7).dataSync().slice()) as Float32Array;
  const labels = new Float32Array(Number(batch) * classes);
  for (let image = 0; image < Number(batch); image++) labels[image * classes] = 1;
  const optimizer = tf.train.momentum(1e-5, 0.9);
  return {
    makeInputs: () =>
      mode === 'predict'
        ? [tf.tensor4d(pixels, shape)]
        : [tf.tensor4d(pixels, shape), tf.tensor2d(labels, [Number(batch), classes])],
    record([images, targets]) {
      const result =
        targets === undefined
          ? (model.predict(images as Tensor4D) as Tensor)
          : optimizer.minimize(
              () =>
                tf.losses.softmaxCrossEntropy(targets, model.apply(images as Tensor4D, { training: true }) as Tensor),
              true,
            );
      return () => {
        result?.dataSync();
        result?.dispose();
      };
    },
  };
}

/** Milliseconds of processor time, of all threads, that something takes. */
export function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
