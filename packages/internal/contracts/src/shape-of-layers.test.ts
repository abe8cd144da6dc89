/** `@cnnzoo/shape` reads the layers of `@cnnzoo/blocks` by their classes' names and options: both have to agree on what comes out. */
import {
  adaptiveAveragePooling2d,
  averagePooling2d,
  batchNorm,
  conv2d,
  localResponseNormalization,
  maxPooling2d,
} from '@cnnzoo/blocks';
import { summarize } from '@cnnzoo/shape';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const int = (min: number, max: number) => fc.integer({ min, max });
const size = fc.oneof(int(1, 4), fc.tuple(int(1, 4), int(1, 4)));

const layer = fc.oneof(
  fc
    .record({
      filters: int(1, 3).map((half) => 2 * half),
      kernelSize: size,
      stride: size,
      padding: fc.oneof(int(0, 2), fc.tuple(int(0, 2), int(0, 2)), fc.constantFrom('same' as const, 'valid' as const)),
      dilation: fc.oneof(fc.constant(1), fc.tuple(int(1, 2), int(1, 2))),
      groups: int(1, 2),
      useBias: fc.boolean(),
    })
    .map((options) =>
      conv2d({ ...options, kernelInitializer: tfl.initializers.zeros(), biasInitializer: tfl.initializers.zeros() }),
    ),
  fc
    .record({
      poolSize: int(2, 4),
      stride: size,
      padding: fc.oneof(int(0, 1), fc.constant('same' as const)),
      ceilMode: fc.boolean(),
    })
    .map((options) => maxPooling2d(options)),
  fc
    .record({
      poolSize: int(2, 4),
      stride: size,
      padding: int(0, 1),
      ceilMode: fc.boolean(),
      countIncludePad: fc.boolean(),
    })
    .map((options) => averagePooling2d(options)),
  size.map((outputSize) => adaptiveAveragePooling2d({ outputSize })),
  fc.constantFrom(0).map(() => batchNorm()),
  fc.constantFrom(0).map(() => localResponseNormalization()),
);

test('a ReLU inside of a batch norm is a part of its own', () => {
  const model = tfl.sequential();
  model.add(tfl.layers.inputLayer({ inputShape: [6, 5, 4] }));
  model.add(batchNorm({ name: 'bn', activation: 'relu' }));
  const rows = summarize(model).layers.map(({ name, type, outputShape, partOf }) => ({
    name,
    type,
    outputShape,
    partOf,
  }));
  const outputShape = [6, 5, 4];
  expect(rows.slice(-2)).toEqual([
    { name: 'bn', type: 'BatchNorm2d', outputShape, partOf: undefined },
    { name: 'bn/relu', type: 'ReLU', outputShape, partOf: 'bn' },
  ]);
});

test('random layers have the same output and as many weights, and what does not fit neither takes', () => {
  let refused = 0;
  fc.assert(
    fc.property(
      fc.tuple(int(1, 12), int(1, 12)),
      fc.array(layer, { minLength: 1, maxLength: 4 }),
      ([height, width], layers) => {
        const shape = [height, width, 4];
        const model = tfl.sequential();
        const pair: string[] = [];
        try {
          for (const [index, each] of layers.entries()) {
            // The first layer of a sequential model brings its input.
            if (index === 0) model.add(tfl.layers.inputLayer({ inputShape: shape }));
            pair.push(each.getClassName());
            model.add(each);
          }
        } catch (error) {
          refused++;
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        const summary = summarize(model);
        expect([pair, summary.outputShape]).toEqual([pair, model.outputShape.slice(1)]);
        expect(summary.params + summary.buffers).toBe(model.countParams());
        const run = tf.tidy(() => (model.predict(tf.zeros([1, ...shape])) as tf.Tensor).shape);
        expect([1, ...summary.outputShape]).toEqual(run);
      },
    ),
    { numRuns: 150 },
  );
  expect(refused).toBeGreaterThan(0);
});
