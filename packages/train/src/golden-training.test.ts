import { alexnet } from '@cnnzoo/alexnet';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { googlenet } from '@cnnzoo/googlenet';
import { lenet5 } from '@cnnzoo/lenet';
import { cifarResnet, resnet18 } from '@cnnzoo/resnet';
import {
  expectGoldenTraining,
  goldenInput,
  loadGoldenWeights,
  type TrainingFigures,
  type TrainingGolden,
  trainingGolden,
} from '@cnnzoo/testing';
import { vgg11Bn } from '@cnnzoo/vgg';
import { modelWeights, stateDict } from '@cnnzoo/weights';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import type { Loader } from './loop/batch.js';
import { train } from './loop/train.js';
import { sgd } from './optimizers/sgd.js';

beforeAll(() => registerOnnxBackend());

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
  const options = { epochs: 1, labelSmoothing, auxiliaryWeight: auxWeight ?? 0 };

  // Without weight decay, momentum is the gradient after the first step.
  loadGoldenWeights(model);
  const probe = sgd({ learningRate: optimizer.lr, momentum: optimizer.momentum });
  await train(model, goldenLoader(golden, 1), { ...options, optimizer: probe });
  const gradients: Record<string, [number, number, number]> = {};
  tf.tidy(() => {
    // Through the model's own weights, so that gradients get PyTorch's layout.
    for (const { variable } of modelWeights(model)) {
      const slots = probe.slotsOf(variable.read() as tf.Variable);
      if (slots !== undefined) variable.write(slots['momentum_buffer']);
    }
    for (const [key, { data }] of stateDict(model))
      if (golden.gradients_step0[key] !== undefined && data instanceof Float32Array)
        gradients[key] = [norm(data), data[0] ?? 0, data.at(-1) ?? 0];
  });
  probe.dispose();

  loadGoldenWeights(model);
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  const used = sgd({ learningRate: optimizer.lr, momentum: optimizer.momentum, weightDecay: optimizer.weightDecay });
  await train(model, goldenLoader(golden, golden.losses.length), {
    ...options,
    optimizer: used,
    onEvent: (event) => {
      if (event.type !== 'step') return;
      losses.push(event.loss);
      gradientNorms.push(event.gradientNorm);
    },
  });
  used.dispose();
  const running: Record<string, [number, number]> = {};
  for (const [key, { data }] of stateDict(model))
    if (golden.running_after_4_steps[key] !== undefined)
      running[key] = [Array.from(data, Number).reduce((sum, value) => sum + value, 0) / data.length, Number(data[0])];
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

function norm(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

const options = { numClasses: 10, initialWeights: 'zeros' } as const;
const networks: [name: string, make: () => LayersModel][] = [
  ['lenet5', () => lenet5()],
  ['cifar_resnet20', () => cifarResnet({ depth: 20 })],
  ['resnet18', () => resnet18({ ...options, inputShape: [96, 96, 3] })],
  ['googlenet', () => googlenet({ ...options, dropout: 0, inputShape: [128, 128, 3], auxiliaryHeads: true })],
  ['alexnet', () => alexnet({ ...options, dropout: 0, inputShape: [96, 96, 3] })],
  ['vgg11_bn', () => vgg11Bn({ ...options, dropout: 0, inputShape: [64, 64, 3] })],
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
