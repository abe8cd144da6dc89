/** Layers and losses of a user's own in parts: what they draw, skip, count and remember. */
import '@tensorflow/tfjs-backend-cpu';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { crossEntropy } from '@cnnzoo/losses';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { allWeights, tinyLoader } from '../fixtures/tiny-run.js';
import { sgd } from '../optimizers/sgd.js';
import type { Loss } from './backward.js';
import { train } from './train.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 2 });
  await tf.setBackend('onnx');
});
afterEach(() => vi.restoreAllMocks());

type Call = (x: tf.Tensor, training: boolean) => tf.Tensor;

let named = 0;

/** A layer of one function, whose weights `build` adds. */
function ownLayer(call: Call, build: (layer: Own) => void = () => {}): tfl.layers.Layer {
  class OwnLayer extends Own {
    override build(): void {
      build(this);
      this.built = true;
    }
    override call(inputs: tf.Tensor | tf.Tensor[], { training = false }: { training?: boolean }): tf.Tensor {
      return tf.tidy(() => call(Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs, training));
    }
  }
  return new OwnLayer({ name: `own${named++}` });
}

class Own extends tfl.layers.Layer {
  static className = 'Own';
  /** Weights by name, of a value. */
  readonly own = new Map<string, tf.Variable>();
  override computeOutputShape(shape: tfl.Shape): tfl.Shape {
    return shape;
  }
  add(name: string, shape: number[], value: number, trainable = true, dtype: 'float32' | 'int32' = 'float32'): void {
    const initializer = tfl.initializers.constant({ value });
    const weight = this.addWeight(`${this.name}/${name}`, shape, dtype, initializer, undefined, trainable);
    this.own.set(name, weight.read() as tf.Variable);
  }
}

/** flatten, the layer, dense. */
function networkOf(layer: tfl.layers.Layer): tfl.LayersModel {
  const model = tfl.sequential();
  model.add(tfl.layers.flatten({ inputShape: [4, 4, 1] }));
  model.add(layer);
  model.add(tfl.layers.dense({ units: 2, kernelInitializer: tfl.initializers.randomNormal({ seed: 4, stddev: 0.3 }) }));
  return model;
}

const usualLoss: Loss = (labels, logits) => crossEntropy(labels, logits);

/** Trains; gives the losses and the weights. */
async function run(
  model: tfl.LayersModel,
  replicas: number,
  batch: number,
  steps = 3,
  loss = usualLoss,
  accumulate = 1,
) {
  const optimizer = sgd({ learningRate: 0.5 });
  const losses: number[] = [];
  await train(model, tinyLoader(steps, batch), {
    epochs: 1,
    optimizer,
    loss,
    replicas,
    accumulate,
    warnings: false,
    onEvent: (event) => {
      if (event.type === 'step') losses.push(event.loss);
    },
  });
  optimizer.dispose();
  return { losses, weights: allWeights(model) };
}

const close = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 4);
};

/** Draws in the order of calls, so that parts draw what a whole batch does. */
const drawing = () => {
  let drawn = 0;
  return ownLayer((x, training) => {
    if (!training) return x;
    const count = x.shape[0] ?? 0;
    return tf.mul(
      x,
      tf.tensor2d(
        Float32Array.from({ length: count }, () => (drawn++ % 3 === 0 ? 0 : 1.5)),
        [count, 1],
      ),
    );
  });
};
test.each([
  [4, 2],
  [2, 2],
  [9, 4],
])('what is drawn for each image is drawn for each, in batches of %i and %i parts', async (batch, replicas) => {
  const [whole, parts] = [await run(networkOf(drawing()), 1, batch), await run(networkOf(drawing()), replicas, batch)];
  close(parts.losses, whole.losses);
  close(parts.weights, whole.weights);
});

test.each([
  // Three images and two: the second part is recorded by itself.
  ['part', 2, 1],
  ['batch', 1, 2],
])('a %s that leaves a weight out has no gradient of it', async (_, replicas, accumulate) => {
  let calls = 0;
  const layer = ownLayer(
    (x, training) => {
      if (!training) return x;
      const name = calls++ % 2 === 0 ? 'even' : 'odd';
      return tf.add(x, tf.matMul(x, (layer as Own).own.get(name) as tf.Tensor2D));
    },
    (own) => {
      own.add('even', [16, 16], 0);
      own.add('odd', [16, 16], 0);
    },
  );
  await run(networkOf(layer), replicas, 5, accumulate, usualLoss, accumulate);
  expect(calls).toBe(2);
  for (const [name, weight] of (layer as Own).own)
    expect(Math.abs(tf.tidy(() => tf.sum(tf.abs(weight)).dataSync()[0] ?? 0)), name).toBeGreaterThan(0.01);
});

test('images that are a filter are those of the part', async () => {
  const correlation = () =>
    ownLayer((x, training) => {
      const count = x.shape[0] ?? 0;
      if (!training) return x;
      const filters = tf.reshape(x, [4, 4, 1, count]) as tf.Tensor4D;
      const wave = tf.reshape(tf.sin(tf.range(0, 64)), [1, 8, 8, 1]) as tf.Tensor4D;
      const found = tf.mean(tf.conv2d(wave, filters, 2, 'valid'), [1, 2]);
      return tf.add(x, tf.reshape(found, [count, 1]));
    });
  // With a loss that reads, every part is recorded by itself.
  const reading: Loss = (labels, logits) => {
    labels.dataSync();
    return crossEntropy(labels, logits);
  };
  const repeated = await run(networkOf(correlation()), 3, 12, 3);
  const recorded = await run(networkOf(correlation()), 3, 12, 3, reading);
  close(repeated.losses, recorded.losses);
  close(repeated.weights, recorded.weights);
});

test('a count of a layer goes on, in its type', async () => {
  const layer = ownLayer(
    (x, training) => {
      const count = (layer as Own).own.get('count');
      if (training) count?.assign(tf.add(count, tf.scalar(1, 'int32')));
      return x;
    },
    (own) => own.add('count', [], 0, false, 'int32'),
  );
  await run(networkOf(layer), 2, 8, 3);
  expect((layer as Own).own.get('count')?.dataSync()[0]).toBe(3);
});

test('a statistic that only some parts change is changed by their share', async () => {
  let calls = 0;
  const layer = ownLayer(
    (x, training) => {
      const mean = (layer as Own).own.get('mean');
      // Three images of five.
      if (training && calls++ === 0) mean?.assign(tf.add(mean, tf.scalar(10)));
      return x;
    },
    (own) => own.add('mean', [], 1, false),
  );
  await run(networkOf(layer), 2, 5, 1);
  expect((layer as Own).own.get('mean')?.dataSync()[0]).toBeCloseTo(1 + (10 * 3) / 5, 5);
});

test('a state that the loss keeps sees all images', async () => {
  const sum = tf.variable(tf.scalar(0), false);
  const counting: Loss = (labels, logits) => {
    sum.assign(tf.add(sum, tf.scalar(labels.shape[0] ?? 0)));
    return crossEntropy(labels, logits);
  };
  const identity = ownLayer((x) => x);
  await run(networkOf(identity), 3, 9, 2, counting);
  expect(sum.dataSync()[0]).toBe(18);
  sum.dispose();
});

test('threads that end when they are started are no longer started, and everything is computed in one', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const expected = await run(networkOf(ownLayer((x) => x)), 2, 8, 12);
  let started = 0;
  const end = (worker: { terminate(): Promise<number> }) => {
    started++;
    void worker.terminate();
  };
  process.on('worker', end);
  try {
    expect(await run(networkOf(ownLayer((x) => x)), 2, 8, 12)).toEqual(expected);
  } finally {
    process.off('worker', end);
  }
  expect(started).toBe(6);
  expect(warn).toHaveBeenCalledOnce();
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(/fail to compute parts of batches \(.*exit code/));
});
