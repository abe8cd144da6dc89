import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadStateDict, readSafetensors, stateDict } from '@cnnzoo/weights';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { networkName } from './file-name.js';

/** What golden/golden.py writes: weights, images and logits of the same network in PyTorch. */
const golden = fileURLToPath(new URL('golden.safetensors', import.meta.url));

test('has the sizes and the parameters of its table', () => {
  const model = networkName({ initialWeights: 'zeros' });
  expect(model.getLayer('layer1.0.relu_1').outputShape).toEqual([null, 32, 32, 8]);
  expect(model.getLayer('layer2.0.relu_1').outputShape).toEqual([null, 16, 16, 16]);
  expect(model.outputs[0]?.shape).toEqual([null, 10]);
  // Without the running statistics of batch norm, as papers and PyTorch count.
  const learned = [...stateDict(model)].filter(([key]) => !key.includes('.running_'));
  const parameters = learned.reduce((sum, [, { data }]) => sum + data.length, 0);
  const convolutions = 9 * (3 * 8 + 8 * 8 + 8 * 8 + 8 * 16 + 16 * 16) + 8 * 16;
  const batchNorms = 2 * (8 + 8 + 8 + 16 + 16 + 16);
  expect(parameters).toBe(convolutions + batchNorms + 16 * 10 + 10);
  model.dispose();
});

test('gives finite logits, one row an image', async () => {
  const model = networkName({ numClasses: 5, seed: 1 });
  const logits = model.predict(tf.randomUniform([2, 32, 32, 3], -1, 1, 'float32', 1)) as tf.Tensor2D;
  expect(logits.shape).toEqual([2, 5]);
  const values = [...(await logits.data())];
  expect(values.every(Number.isFinite)).toBe(true);
  expect(new Set(values).size).toBeGreaterThan(1);
  model.dispose();
});

// Skipped until the file is there: README.md says how it is made.
test.skipIf(!existsSync(golden))('computes what PyTorch computes', async () => {
  const tensors = await readSafetensors(golden);
  const read = (name: string) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`${golden} has no tensor ${name}: run golden/golden.py again`);
    tensors.delete(name);
    return tf.tensor(tensor.data as Float32Array, [...tensor.shape]);
  };
  // From PyTorch's order of the axes.
  const images = tf.transpose(read('golden.images'), [0, 2, 3, 1]);
  const expected = await read('golden.logits').data();
  const model = networkName();
  // Names the weights that are missing, too many or of another shape.
  loadStateDict(model, tensors);
  const logits = await (model.predict(images) as tf.Tensor).data();
  expect(logits.length).toBe(expected.length);
  for (const [i, logit] of logits.entries()) expect(logit).toBeCloseTo(expected[i] ?? Number.NaN, 4);
  model.dispose();
});
