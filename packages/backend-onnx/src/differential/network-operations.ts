/** What else layers of networks call: normalizations, resizing, losses. */
import * as tf from '@tensorflow/tfjs-core';
import { type DrawnOperation, drawInput } from './drawn-case.js';
import { drawImageShape, drawShape } from './random.js';

export const networkOperations: readonly DrawnOperation[] = [
  {
    name: 'batchNorm',
    draw: (random) => {
      const shape = [...drawShape(random, 1, 3, false), random.int(1, 5)];
      const channels = [shape.at(-1) ?? 1];
      const epsilon = random.pick([1e-3, 1e-5]);
      const [withOffset, withScale] = [random.chance(0.7), random.chance(0.7)];
      const inputs = [
        drawInput(random, shape, 'float32'),
        drawInput(random, channels, 'float32'),
        drawInput(random, channels, 'float32', 'positive'),
        drawInput(random, channels, 'float32'),
        drawInput(random, channels, 'float32'),
      ];
      return {
        inputs,
        options: { epsilon, withOffset, withScale },
        apply: (x, mean, variance, offset, scale) =>
          tf.batchNorm(
            x as tf.Tensor,
            mean as tf.Tensor1D,
            variance as tf.Tensor1D,
            withOffset ? (offset as tf.Tensor1D) : undefined,
            withScale ? (scale as tf.Tensor1D) : undefined,
            epsilon,
          ),
        gradient: withOffset && withScale,
      };
    },
  },
  {
    name: 'localResponseNormalization',
    draw: (random) => {
      const options = {
        radius: random.int(0, 5),
        bias: random.pick([1, 2]),
        alpha: random.pick([1, 1e-2]),
        beta: random.pick([0.5, 0.75]),
      };
      return {
        inputs: [drawInput(random, drawImageShape(random, random.int(1, 6)), 'float32')],
        options,
        apply: (x) =>
          tf.localResponseNormalization(x as tf.Tensor4D, options.radius, options.bias, options.alpha, options.beta),
      };
    },
  },
  ...(['resizeBilinear', 'resizeNearestNeighbor'] as const).map(
    (name): DrawnOperation => ({
      name,
      draw: (random) => {
        const size: [number, number] = [random.int(1, 9), random.int(1, 9)];
        const [aligned, half] = random.pick<[boolean, boolean]>([
          [false, false],
          [true, false],
          [false, true],
        ]);
        return {
          inputs: [drawInput(random, drawImageShape(random, random.int(1, 3)), 'float32')],
          options: { size, aligned, half },
          apply: (x) => tf.image[name](x as tf.Tensor4D, size, aligned, half),
          gradient: !half,
        };
      },
    }),
  ),
  {
    name: 'cropAndResize',
    draw: (random) => {
      const boxes = random.int(1, 3);
      const corners = Array.from({ length: boxes }, () => [
        random.real(-0.2, 0.5),
        random.real(-0.2, 0.5),
        random.real(0.5, 1.2),
        random.real(0.5, 1.2),
      ]).flat();
      const shape = drawImageShape(random, 2);
      const method = random.pick(['bilinear', 'nearest'] as const);
      const which = Array.from({ length: boxes }, () => random.int(0, (shape[0] ?? 1) - 1));
      return {
        inputs: [drawInput(random, shape, 'float32')],
        options: { corners, which, method },
        apply: (x) =>
          tf.image.cropAndResize(
            x as tf.Tensor4D,
            tf.tensor2d(corners, [boxes, 4]),
            tf.tensor1d(which, 'int32'),
            [3, 4],
            method,
            0.5,
          ),
        gradient: false,
      };
    },
  },
  {
    name: 'losses',
    draw: (random) => {
      const shape = [random.int(1, 4), random.int(2, 5)];
      const [labels, predictions] = [
        drawInput(random, shape, 'float32', 'within 1'),
        drawInput(random, shape, 'float32'),
      ];
      const name = random.pick([
        'meanSquaredError',
        'absoluteDifference',
        'huberLoss',
        'sigmoidCrossEntropy',
        'softmaxCrossEntropy',
        'hingeLoss',
      ] as const);
      const apply = (y: tf.Tensor | undefined, x: tf.Tensor | undefined) =>
        tf.losses[name](y as tf.Tensor, x as tf.Tensor) as tf.Tensor;
      return { inputs: [labels, predictions], options: { name }, apply: (y, x) => apply(tf.abs(y as tf.Tensor), x) };
    },
  },
];
