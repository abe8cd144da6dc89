import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { googlenet } from '@cnnzoo/googlenet';
import { lenet5 } from '@cnnzoo/lenet';
import { cifarResnet } from '@cnnzoo/resnet';
import {
  expectGoldenTraining,
  goldenInput,
  loadGoldenWeights,
  pytorchWeights,
  type TrainingFigures,
  type TrainingGolden,
  trainingGolden,
} from '@cnnzoo/testing';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import type { Loader } from './loop/batch.js';
import { train } from './loop/train.js';
import { type Sgd, sgd } from './optimizers/sgd.js';

beforeAll(() => registerOnnxBackend({ threads: 1 }));

/** The golden's batch, `steps` times. */
function goldenLoader({ batch, input: [channels, height, width], labels }: TrainingGolden, steps: number): Loader {
  return {
    batchesPerEpoch: steps,
    async *epoch() {
      for (let step = 0; step < steps; step++)
        yield {
          images: tf.tensor4d(goldenInput(batch, channels, height, width), [batch, height, width, channels]),
          labels: tf.tensor1d([...labels], 'int32'),
        };
    },
  };
}

/** The golden's figures as `train` gives them: losses and gradients with auxiliary heads, smoothing and weight decay. */
async function figures(model: LayersModel, golden: TrainingGolden): Promise<TrainingFigures> {
  const { labelSmoothing, auxWeight, optimizer, input, batch } = golden;
  loadGoldenWeights(model);
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  let gradients: TrainingFigures['gradients_step0'] = {};
  const used = sgd({ learningRate: optimizer.lr, momentum: optimizer.momentum, weightDecay: optimizer.weightDecay });
  await train(model, goldenLoader(golden, golden.losses.length), {
    epochs: 1,
    labelSmoothing,
    auxiliaryWeight: auxWeight ?? 0,
    optimizer: used,
    onEvent: (event) => {
      if (event.type !== 'step') return;
      losses.push(event.loss);
      gradientNorms.push(event.gradientNorm);
      if (event.step === 1) gradients = firstGradients(model, used, optimizer.weightDecay);
    },
  });
  used.dispose();
  const running: Record<string, [number, number]> = {};
  for (const { key, variable } of pytorchWeights(model)) {
    if (golden.running_after_4_steps[key] === undefined) continue;
    const data = variable.read().dataSync();
    running[key] = [Array.from(data, Number).reduce((sum, value) => sum + value, 0) / data.length, Number(data[0])];
  }
  const logits = tf.tidy(() => {
    const images = tf.tensor4d(goldenInput(batch, ...input), [batch, input[1], input[2], input[0]]);
    const output = model.predict(tf.slice(images, 0, [1, -1, -1, -1])) as tf.Tensor | tf.Tensor[];
    return [...((Array.isArray(output) ? output[0] : output)?.dataSync() ?? [])];
  });
  return {
    losses,
    gradient_norms: gradientNorms,
    gradients_step0: gradients,
    running_after_4_steps: running,
    eval_logits_after_4_steps: logits,
  };
}

/**
 * The gradients of the first step, when it has been made: the momentum is the gradient and the decay of the golden weights then. Norm, first
 * and last element are the same in PyTorch's layout, whose axes only stand in another order.
 */
function firstGradients(model: LayersModel, optimizer: Sgd, weightDecay: number): TrainingFigures['gradients_step0'] {
  const gradients: Record<string, [number, number, number]> = {};
  for (const { key, variable, trainable, golden } of pytorchWeights(model)) {
    const momentum = optimizer.slotsOf(variable.read() as tf.Variable)?.momentum_buffer.dataSync();
    if (!trainable || momentum === undefined) continue;
    const decayed = golden();
    let squares = 0;
    const gradientAt = (i: number) => (momentum[i] ?? Number.NaN) - weightDecay * (decayed[i] ?? Number.NaN);
    for (let i = 0; i < momentum.length; i++) squares += gradientAt(i) ** 2;
    gradients[key] = [Math.sqrt(squares), gradientAt(0), gradientAt(momentum.length - 1)];
  }
  return gradients;
}

const options = { numClasses: 10, initialWeights: 'zeros' } as const;
/**
 * With batch norm and without, with auxiliary heads, and with none of these. What the goldens of larger networks have besides is the network's
 * own, whose package trains it to the same figures.
 */
const networks: [name: string, make: () => LayersModel][] = [
  ['lenet5', () => lenet5()],
  ['cifar_resnet20', () => cifarResnet({ depth: 20 })],
  ['googlenet', () => googlenet({ ...options, dropout: 0, inputShape: [128, 128, 3], auxiliaryHeads: true })],
];

test.each(networks)('%s trains as in PyTorch, through train', { timeout: 900_000 }, async (name, make) => {
  await tf.setBackend('onnx');
  const golden = trainingGolden(name);
  const model = make();
  const tensors = tf.memory().numTensors;
  expectGoldenTraining(await figures(model, golden), golden);
  expect(tf.memory().numTensors).toBe(tensors);
  model.dispose();
});
