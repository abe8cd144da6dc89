/**
 * What `train`'s loop costs beside the bare step, on ResNet-20 (or, with --network lenet5, LeNet-5) at batch 128:
 * `pnpm --filter @cnnzoo/bench training-loop`.
 * The bare step is the same gradients and update, in plain tfjs, with the loss read at its end. Both run interleaved, in blocks of
 * steps; the ratios are the medians of those of neighbouring blocks. On a busy machine take one thread and look at processor time.
 */
import { parseArgs } from 'node:util';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { lenet5 } from '@cnnzoo/lenet';
import { crossEntropy } from '@cnnzoo/losses';
import { cifarResnet } from '@cnnzoo/resnet';
import { type Loader, sgd, train } from '@cnnzoo/train';
import * as tf from '@tensorflow/tfjs-core';

const { values } = parseArgs({
  options: {
    batch: { type: 'string', default: '128' },
    steps: { type: 'string', default: '10' },
    blocks: { type: 'string', default: '6' },
    network: { type: 'string', default: 'resnet20' },
    threads: { type: 'string', default: '2' },
  },
});
const [batch, steps, blocks] = [Number(values.batch), Number(values.steps), Number(values.blocks)];

registerOnnxBackend({ threads: Number(values.threads) });
await tf.setBackend('onnx');
const options = { learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4 };
const channels = values.network === 'lenet5' ? 1 : 3;
const pixels = Float32Array.from({ length: batch * 32 * 32 * channels }, (_, i) => Math.sin(i));
const make = () => ({
  images: tf.tensor4d(pixels, [batch, 32, 32, channels]),
  labels: tf.tensor1d(
    Int32Array.from({ length: batch }, (_, i) => i % 10),
    'int32',
  ),
});
const loader: Loader = {
  batchesPerEpoch: steps,
  async *epoch() {
    for (let step = 0; step < steps; step++) yield make();
  },
};

const network = () => (values.network === 'lenet5' ? lenet5({ seed: 1 }) : cifarResnet({ depth: 20, seed: 1 }));
const [bareModel, loopModel] = [network(), network()];
const [bareOptimizer, loopOptimizer] = [sgd(options), sgd(options)];
const variables = bareModel.trainableWeights.map((weight) => weight.read() as tf.Variable);

async function bare(): Promise<void> {
  for (let step = 0; step < steps; step++) {
    const { images, labels } = make();
    const loss = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(
        () => crossEntropy(labels, bareModel.apply(images, { training: true }) as tf.Tensor2D),
        variables,
      );
      bareOptimizer.applyGradients(grads);
      return value;
    });
    tf.dispose([images, labels]);
    await loss.data();
    loss.dispose();
  }
}

async function loop(): Promise<void> {
  await train(loopModel, loader, { epochs: 1, optimizer: loopOptimizer });
}

interface Cost {
  /** Milliseconds. */
  readonly time: number;
  readonly processor: number;
}

async function cost(run: () => Promise<void>): Promise<Cost> {
  const began = performance.now();
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return { time: performance.now() - began, processor: (user + system) / 1000 };
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

await bare();
await loop();
const pairs: { bare: Cost; loop: Cost }[] = [];
for (let block = 0; block < blocks; block++) {
  // Who begins alternates, so that a machine that slows down favours nobody.
  if (block % 2 === 0) pairs.push({ bare: await cost(bare), loop: await cost(loop) });
  else {
    const first = await cost(loop);
    pairs.push({ loop: first, bare: await cost(bare) });
  }
}
for (const kind of ['time', 'processor'] as const) {
  const ratios = pairs.map(({ bare, loop }) => loop[kind] / bare[kind]);
  console.log(
    `${kind}: bare step ${(median(pairs.map(({ bare }) => bare[kind])) / steps).toFixed(1)} ms, train / bare ${median(ratios).toFixed(3)} (${ratios.map((ratio) => ratio.toFixed(3)).join(', ')})`,
  );
}
