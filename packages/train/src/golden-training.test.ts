import { readFileSync } from 'node:fs';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { lenet5 } from '@cnnzoo/lenet';
import { cifarResnet, resnet18 } from '@cnnzoo/resnet';
import {
  goldenInput,
  loadGoldenWeights,
  sharedFile,
  type TrainingFigures,
  type TrainingGolden,
  trainingErrors,
} from '@cnnzoo/testing';
import { modelWeights, stateDict } from '@cnnzoo/weights';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Loader } from './batch.js';
import { sgd } from './optimizers/sgd.js';
import { train } from './train.js';

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
  const weights = stateDict(model);
  tf.tidy(() => {
    // Through the model's own weights, so that gradients get PyTorch's layout.
    for (const { variable } of modelWeights(model)) {
      const slots = probe.slotsOf(variable.read() as tf.Variable);
      if (slots !== undefined) variable.write(slots['momentum_buffer']);
    }
    for (const [key, { data }] of stateDict(model))
      if (golden.gradients_step0[key] !== undefined)
        gradients[key] = [norm(data), Number(data[0]), Number(data.at(-1))];
  });
  probe.dispose();
  expect(weights.size).toBeGreaterThan(0);

  loadGoldenWeights(model);
  const losses: number[] = [];
  const used = sgd({ learningRate: optimizer.lr, momentum: optimizer.momentum, weightDecay: optimizer.weightDecay });
  await train(model, goldenLoader(golden, golden.losses.length), {
    ...options,
    optimizer: used,
    onEvent: (event) => {
      if (event.type === 'step') losses.push(event.loss);
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
  return { losses, gradients_step0: gradients, running_after_4_steps: running, eval_logits_after_4_steps: logits };
}

function norm(data: ArrayLike<number | bigint>): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += Number(data[i]) ** 2;
  return Math.sqrt(sum);
}

const networks: [name: string, backend: string, make: () => LayersModel][] = [
  ['lenet5', 'onnx', () => lenet5()],
  ['cifar_resnet20', 'onnx', () => cifarResnet({ depth: 20 })],
  ['resnet18', 'onnx', () => resnet18({ numClasses: 10, inputShape: [64, 64, 3] })],
];

describe.each(networks)('%s on %s', (name, backend, make) => {
  const file = sharedFile(`golden/training/${name}.json`);
  test.skipIf(file === null)('trains as PyTorch does, through train', async () => {
    await tf.setBackend(backend);
    const golden: TrainingGolden = JSON.parse(readFileSync(file ?? '', 'utf8'));
    const model = make();
    const tensors = tf.memory().numTensors;
    const errors = trainingErrors(await figures(model, golden), golden);
    expect(errors.keys).toEqual([]);
    expect(errors.losses).toBeLessThan(1e-4);
    expect(errors.gradientNorms).toBeLessThan(1e-3);
    expect(errors.gradientElements).toBeLessThan(1e-2);
    expect(errors.runningStatistics).toBeLessThan(1e-3);
    expect(errors.logits).toBeLessThan(1e-3);
    expect(tf.memory().numTensors).toBe(tensors);
    model.dispose();
  });
});
