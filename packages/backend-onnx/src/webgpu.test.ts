/** Training on WebGPU: the same numbers, nothing crosses but batches and losses, nothing leaks, nothing runs on the processor. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { engineStats, registerOnnxBackend } from './register-backend.js';
import { difference, expectSameOnBoth, numbers, randomValues, withGradients } from './testing/both-backends.js';
import { lenet, oneConvolution, residualNetwork, train } from './testing/small-networks.js';
import { hasWebgpu } from './testing/software-vulkan.js';

const tolerance = 1e-3;

/** A step of training that reads its loss, for a model of images of 12x12. */
function trainer(model: tfl.LayersModel) {
  const variables = model.trainableWeights.map(({ name }) => tf.engine().registeredVariables[name] as tf.Variable);
  const optimizer = tf.train.momentum(0.05, 0.9);
  const labels = [0, 1, 2, 3];
  return {
    step(): number {
      return tf.tidy(() => {
        const x = tf.tensor4d(randomValues(4 * 144, 5), [4, 12, 12, 1]);
        const y = tf.tensor2d(
          labels.flatMap((label) => labels.map((_, i) => (i === label ? 1 : 0))),
          [4, 4],
        );
        const lossOf = (): tf.Scalar => {
          const p = model.apply(x, { training: true }) as tf.Tensor2D;
          return tf.neg(tf.mean(tf.mul(y, tf.log(tf.add(p, 1e-7)))));
        };
        const loss = optimizer.minimize(lossOf, true, variables);
        return loss?.dataSync()[0] ?? Number.NaN;
      });
    },
    dispose() {
      optimizer.dispose();
      model.dispose();
    },
  };
}

describe.skipIf(!hasWebgpu())('webgpu', () => {
  const start = async () => {
    registerOnnxBackend({ device: 'webgpu' });
    await tf.setBackend('onnx');
  };
  // Before anything else registers the backend on the processor.
  beforeAll(start);
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each<[string, () => tfl.LayersModel, () => tf.Optimizer]>([
    ['LeNet by Adam', lenet, () => tf.train.adam(0.01)],
    ['a residual network by momentum', residualNetwork, () => tf.train.momentum(0.05, 0.9)],
  ])('%s has the losses of the cpu backend over four steps, without fallbacks', async (_, build, optimizer) => {
    const expected = await train('cpu', build, optimizer);
    const actual = await train('onnx', build, optimizer);
    for (const [i, loss] of expected.losses.entries())
      expect(Math.abs((actual.losses[i] ?? 0) / loss - 1)).toBeLessThan(tolerance);
    expected.weights.forEach((weights, i) => {
      expect(difference(actual.weights[i] ?? [], weights, 5 * tolerance), `weights ${i}`).toBeNull();
    });
    expect(engineStats().fallbacks).toEqual({});
  });

  it.each([
    [2, 2],
    [3, 2],
    [3, 1],
  ])('finds the maxima of %ix%i windows at stride %i in the same places', async (size, stride) => {
    await expectSameOnBoth(
      () => withGradients((x) => tf.maxPool(x as tf.Tensor4D, size, stride, 'same'), [numbers([2, 7, 6, 3])]),
      { relative: tolerance },
    );
    const ties = tf.ones<tf.Rank.R4>([1, 6, 6, 2]);
    await expectSameOnBoth(() => withGradients((x) => tf.maxPool(x as tf.Tensor4D, size, stride, 'valid'), [ties]));
  });

  it('splits into more parts than a shader can write', async () => {
    await expectSameOnBoth(() => {
      const parts = tf.split(numbers([2, 20, 3]), 20, 1);
      return Object.fromEntries(parts.map((part, i) => [`part ${i}`, tf.mul(part, 2)]));
    });
  });

  it('is timed until the GPU is done, without counting that as a transfer', async () => {
    const before = engineStats();
    const { kernelMs } = await tf.time(() => tf.tidy(() => tf.matMul(tf.ones([300, 300]), tf.ones([300, 300]))));
    expect(kernelMs).toBeGreaterThan(0);
    expect(engineStats().transfers.toHost).toEqual(before.transfers.toHost);
    expect(engineStats().deviceTensors).toBeLessThanOrEqual(before.deviceTensors + 1);
  });

  it('slices backwards', async () => {
    await expectSameOnBoth(() => ({
      part: tf.stridedSlice(numbers([5, 6]), [3, 5], [0, 1], [-2, -1]),
      all: tf.reverse(numbers([5, 6])),
    }));
  });

  it('200 steps move a batch in and a loss out, and no more', async () => {
    await tf.setBackend('onnx');
    const before = { tensors: tf.memory().numTensors, device: engineStats().deviceTensors };
    const training = trainer(oneConvolution());
    // Weights and moments are there after two steps, the constants after three.
    const first = training.step();
    for (let step = 0; step < 3; step++) training.step();
    const settled = engineStats();
    const { numTensors } = tf.memory();
    let loss = 0;
    for (let step = 0; step < 196; step++) loss = training.step();
    const { transfers, compilations, deviceTensors } = engineStats();
    expect(loss).toBeLessThan(first / 2);
    expect(compilations).toBe(settled.compilations);
    expect(transfers.toDevice.tensors - settled.transfers.toDevice.tensors).toBe(196 * 2);
    expect(transfers.toDevice.bytes - settled.transfers.toDevice.bytes).toBe(196 * 4 * (4 * 144 + 16));
    expect(transfers.toHost.tensors - settled.transfers.toHost.tensors).toBe(196);
    expect(transfers.toHost.bytes - settled.transfers.toHost.bytes).toBe(196 * 4);
    expect(deviceTensors).toBe(settled.deviceTensors);
    expect(tf.memory().numTensors).toBe(numTensors);
    training.dispose();
    // What is kept are single numbers: the constants of the step. tfjs's momentum keeps one tensor of its own.
    await tf.ready();
    expect(tf.memory().numTensors - before.tensors).toBeLessThanOrEqual(1);
    tf.tidy(() => tf.add(tf.scalar(1), tf.scalar(2)).dataSync());
    expect(engineStats().deviceTensors - before.device).toBeLessThan(20);
  });

  it('runs no node of a training step on the processor', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-webgpu-'));
    try {
      tf.removeBackend('onnx');
      vi.stubEnv('CNNZOO_ONNX_PROFILE', join(folder, 'profile'));
      await start();
      for (const network of [lenet(), residualNetwork()]) {
        const training = trainer(network);
        training.step();
        training.dispose();
      }
      // Profiles are written when sessions are dropped.
      tf.removeBackend('onnx');
      const events = readdirSync(folder).flatMap(
        (name) =>
          JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
            cat: string;
            name: string;
            args?: { provider?: string };
          }[],
      );
      const nodes = events.filter(({ cat, args }) => cat === 'Node' && args?.provider !== undefined);
      expect(nodes.length).toBeGreaterThan(300);
      const onProcessor = nodes.filter(({ args }) => args?.provider === 'CPUExecutionProvider');
      expect(onProcessor.map(({ name }) => name)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it('says what was tried and what to install where a device is missing', () => {
  if (tf.findBackendFactory('onnx') != null) tf.removeBackend('onnx');
  const missing = process.platform === 'darwin' ? 'dml' : 'coreml';
  expect(() => registerOnnxBackend({ device: missing })).toThrow(
    /device '(coreml|dml)'.*cannot be used. Tried: .*What to do: onnxruntime-node has it for .*; for \w+\/\w+ it has cpu/,
  );
  expect(tf.findBackendFactory('onnx')).toBeNull();
});
