/** Exported networks give the networks' own output; `pnpm check-exports` does so for all of them, at full size and in Python, too. */
import { exportOnnx, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { goldenInput, loadGoldenWeights } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import { createModel, type ModelId } from 'cnnzoo';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { smallInput } from './small-networks.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

/** One of each kind of layer: whitening, maxout, highway gates, even kernels with ELU, squeeze-and-excitation, PReLU with a pyramid, groups and LRN, factorized convolutions, pre-activation, zero-padded shortcuts, auxiliary heads. */
const networks: readonly [ModelId, object][] = [
  ['lenet5', { whitening: 'zca' }],
  ['alexnet_paper', { includeTop: false, pooling: 'avg' }],
  ['cifar_fitnet4', {}],
  ['cifar_highway32', {}],
  ['cifar_elu11', {}],
  ['se_resnext50_32x4d', {}],
  ['googlenet', { auxiliaryHeads: true }],
  ['inception_v3', {}],
  ['cifar_resnet20', {}],
  ['cifar_preact_resnet164', {}],
  ['resnext50_32x4d', { includeTop: false }],
];

describe('exportOnnx', () => {
  test.each(networks)('%s runs at any batch size and gives its own output', async (id, options) => {
    const inputShape = smallInput(id);
    const model = createModel(id, { numClasses: 5, initialWeights: 'zeros', ...options, inputShape });
    loadGoldenWeights(model);
    const tensors = tf.memory().numTensors;
    const session = await InferenceSession.create(exportOnnx(model));
    expect(session.inputNames).toEqual(['input']);
    expect(session.outputNames).toEqual([model.outputNames[0]]);
    for (const count of [1, 3]) {
      const [height, width, channels] = inputShape;
      const [shape, input] = [[count, ...inputShape], goldenInput(count, channels, height, width)];
      const result = await session.run({ input: new Tensor('float32', input, shape) });
      const { data, dims } = result[session.outputNames[0] ?? ''] as Tensor;
      const expected = tf.tidy(() => {
        const [main] = [model.predict(tf.tensor(input, shape))].flat();
        expect(dims).toEqual(main?.shape);
        return (main as tf.Tensor).dataSync<'float32'>().slice();
      });
      const largest = Math.max(...expected.map(Math.abs));
      expect(largest).toBeGreaterThan(0);
      const off = expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - Number(data[i]))), 0);
      expect(off / largest).toBeLessThan(1e-4);
    }
    await session.release();
    expect(tf.memory().numTensors).toBe(tensors);
    model.dispose();
  });
});
