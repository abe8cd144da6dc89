/** Training steps that compute activations again, against the same steps that keep them. */
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { difference, numbers } from '../testing/both-backends.js';
import { compiledBy, nodesOf } from '../testing/compiled-graphs.js';
import { residualNetwork, train } from '../testing/small-networks.js';

const flag = 'ONNX_RECOMPUTE';

afterEach(() => {
  // A flag is known while the backend has been made.
  tf.env().set(flag, false);
});

/** The same on a backend of its own, with the flag or without it. */
function ran<T>(recompute: boolean, compute: () => T | Promise<T>) {
  return compiledBy(() => {
    tf.env().set(flag, recompute);
    return compute();
  });
}

type Layer = 'batchNorm' | 'block' | 'convolution' | 'dropout' | 'maxPool' | 'relu' | 'scale' | 'split' | 'tanh';
const kinds: readonly Layer[] = [
  'batchNorm',
  'block',
  'convolution',
  'dropout',
  'maxPool',
  'relu',
  'scale',
  'split',
  'tanh',
];
const channels = 4;

function applied(layer: Layer, x: tf.Tensor4D, weights: () => tf.Variable): tf.Tensor4D {
  const convolution = (input: tf.Tensor4D) => tf.conv2d(input, weights() as unknown as tf.Tensor4D, 1, 'same');
  switch (layer) {
    case 'batchNorm': {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      const [offset, scale] = [tf.zeros([channels]), tf.ones([channels])] as [tf.Tensor1D, tf.Tensor1D];
      return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, offset, scale, 1e-3) as tf.Tensor4D;
    }
    case 'block':
      return tf.add(x, convolution(tf.relu(convolution(x))));
    case 'convolution':
      return convolution(x);
    case 'dropout':
      return tf.dropout(x, 0.25, undefined, 7) as tf.Tensor4D;
    case 'maxPool':
      return tf.maxPool(x, 3, 1, 'same');
    case 'relu':
      return tf.relu(x);
    case 'scale':
      return tf.mul(x, 1.5);
    case 'split': {
      const [first, second] = tf.split(x, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
      return tf.concat([second, tf.relu(first)], 3);
    }
    case 'tanh':
      return tf.tanh(x);
  }
}

/** Two steps of gradient descent. */
function descended(layers: readonly Layer[]) {
  const count = layers.reduce((sum, layer) => sum + (layer === 'block' ? 2 : layer === 'convolution' ? 1 : 0), 0);
  const variables = Array.from({ length: count }, (_, i) =>
    tf.variable(tf.mul(numbers([3, 3, channels, channels], i), 0.2)),
  );
  const x = numbers([2, 8, 8, channels], 1) as tf.Tensor4D;
  const losses: number[] = [];
  try {
    for (let step = 0; step < 2; step++) {
      let used = 0;
      const weights = () => variables[used++] as tf.Variable;
      const { value, grads } = tf.variableGrads(() =>
        tf.tidy(() => tf.mean(tf.square(layers.reduce((y, layer) => applied(layer, y, weights), x))) as tf.Scalar),
      );
      for (const variable of variables)
        variable.assign(tf.tidy(() => tf.sub(variable, tf.mul(grads[variable.name] ?? 0, 0.1))));
      losses.push(value.dataSync()[0] ?? Number.NaN);
      tf.dispose([value, grads]);
    }
    return { losses, weights: variables.map((variable) => variable.dataSync<'float32'>().slice()) };
  } finally {
    tf.dispose([x, ...variables]);
  }
}

describe('a training step that computes activations again', () => {
  it('trains a network as one that keeps them, with convolutions in its backward pass', async () => {
    const trained = (recompute: boolean) =>
      ran(recompute, () => train('onnx', residualNetwork, () => tf.train.momentum(0.05, 0.9)));
    const [kept, again] = [await trained(false), await trained(true)];
    for (const [i, loss] of kept.result.losses.entries())
      expect(Math.abs((again.result.losses[i] ?? 0) / loss - 1)).toBeLessThan(1e-5);
    kept.result.weights.forEach((weights, i) => {
      expect(difference(again.result.weights[i] ?? [], weights, 1e-3), `weights ${i}`).toBeNull();
    });
    const convolutions = (graphs: readonly string[]) => Math.max(...graphs.map((graph) => nodesOf(graph, 'Conv2D')));
    expect(convolutions(again.graphs)).toBeGreaterThan(convolutions(kept.graphs));
  });

  it('gives the same numbers for drawn networks', async () => {
    const layers = fc.array(fc.constantFrom(...kinds), { minLength: 3, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(layers, async (drawn) => {
        const network: Layer[] = ['convolution', ...drawn, 'convolution'];
        const kept = await ran(false, () => descended(network));
        const again = await ran(true, () => descended(network));
        expect(difference(again.result.losses, kept.result.losses, 1e-4)).toBeNull();
        kept.result.weights.forEach((weights, i) => {
          expect(difference(again.result.weights[i] ?? [], weights, 1e-3), `weights ${i}`).toBeNull();
        });
      }),
      { numRuns: 12 },
    );
  });

  it('names the operation that fails', async () => {
    const failing = () => {
      const table = numbers([4, 8, 8, channels], 1) as tf.Tensor4D;
      const weights = tf.variable(numbers([3, 3, channels, channels], 2)) as unknown as tf.Tensor4D;
      const places = tf.tensor1d([0, 9], 'int32');
      try {
        const { value } = tf.variableGrads(() => {
          const x = tf.relu(tf.conv2d(table, weights, 1, 'same'));
          const y = tf.conv2d(tf.relu(tf.conv2d(tf.gather(x, places), weights, 1, 'same')), weights, 1, 'same');
          return tf.mean(tf.square(tf.conv2d(tf.tanh(y) as tf.Tensor4D, weights, 1, 'same'))) as tf.Scalar;
        });
        return String(value.dataSync());
      } catch (error) {
        return String(error);
      }
    };
    const [kept, again] = [await ran(false, failing), await ran(true, failing)];
    expect(again.result).toMatch(/gather/i);
    expect(again.result).toBe(kept.result);
  });
});
