import { lenet5 as cnnzooLenet5 } from '@cnnzoo/lenet';
import { resnet18, resnet50 } from '@cnnzoo/resnet';
import { goldenInput, goldenWeight } from '@cnnzoo/testing';
import { loadStateDict, stateDict } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { LayerSource, NetworkName, Ran, Work } from '../protocol.js';
import { lenet5 } from './lenet5.js';
import { resnet } from './resnet.js';

/** A network with its weights and one batch, ready for steps. */
export interface NetworkSession {
  readonly parameters: number;
  run(steps: number): Promise<Ran>;
}

interface Network {
  readonly build: Readonly<Record<LayerSource, (options: { initialWeights: 'zeros' }) => LayersModel>>;
  readonly size: number;
  readonly channels: number;
  readonly classes: number;
}

const imagenet = { size: 224, channels: 3, classes: 1000 };

const networks: Readonly<Record<NetworkName, Network>> = {
  lenet5: { build: { 'tfjs-layers': lenet5, cnnzoo: cnnzooLenet5 }, size: 32, channels: 1, classes: 10 },
  resnet18: { build: { 'tfjs-layers': () => resnet('resnet18'), cnnzoo: resnet18 }, ...imagenet },
  resnet50: { build: { 'tfjs-layers': () => resnet('resnet50'), cnnzoo: resnet50 }, ...imagenet },
};

/** Builds what `work` needs on the current backend. Weights and pictures depend on nothing but their names and shapes. */
export function prepareNetwork(work: Work, source: LayerSource): NetworkSession {
  const { network, mode, batchSize, learningRate, partialBatch } = work;
  const { build, size, channels, classes } = networks[network];
  const model = build[source]({ initialWeights: 'zeros' });
  const golden = [...stateDict(model)].map(
    ([key, { shape }]) => [key, { shape, dtype: 'F32', data: goldenWeight(key, shape) }] as const,
  );
  loadStateDict(model, new Map(golden));

  const parameters = model.trainableWeights.reduce(
    (sum, { shape }) => sum + tf.util.sizeFromShape(shape.map(Number)),
    0,
  );
  const images = tf.tensor4d(goldenInput(batchSize, channels, size, size), [batchSize, size, size, channels]);
  if (mode === 'predict') {
    const predict = async () => {
      const logits = model.predict(images) as tf.Tensor;
      const [first = Number.NaN] = await logits.data();
      logits.dispose();
      return first;
    };
    return { parameters, run: (steps) => timeSteps(steps, predict) };
  }

  model.compile({
    optimizer: tf.train.momentum(learningRate, 0.9),
    loss: (labels: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, logits),
  });
  const labels = oneHot(batchSize, classes);
  const whole = { images, labels };
  const partial = partialBatch && {
    images: tf.slice(images, 0, partialBatch.size),
    labels: oneHot(partialBatch.size, classes),
  };
  let step = 0;
  const train = async () => {
    step++;
    const batch = partial && step % partialBatch.every === 0 ? partial : whole;
    return Number(await model.trainOnBatch(batch.images, batch.labels));
  };
  return { parameters, run: (steps) => timeSteps(steps, train) };
}

/** Picture i is of class i mod classes. */
function oneHot(batchSize: number, classes: number): tf.Tensor {
  return tf.tidy(() => {
    const indices = tf.tensor1d(
      Array.from({ length: batchSize }, (_, i) => i % classes),
      'int32',
    );
    return tf.cast(tf.oneHot(indices, classes), 'float32');
  });
}

async function timeSteps(steps: number, step: () => Promise<number>): Promise<Ran> {
  const times: number[] = [];
  const processorTimes: number[] = [];
  const results: number[] = [];
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    const before = process.cpuUsage();
    results.push(await step());
    const { user, system } = process.cpuUsage(before);
    times.push(performance.now() - start);
    processorTimes.push((user + system) / 1000);
  }
  return { times, processorTimes, results };
}
