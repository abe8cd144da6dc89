/** Calls that layers of networks make: products, convolutions, pooling, normalizations, resizing, losses. */
import * as tf from '@tensorflow/tfjs-core';
import { type DrawnOperation, drawInput, sizeOfTerms } from './drawn-case.js';
import { drawShape, type Random } from './random.js';

type Padding = 'valid' | 'same' | number;

interface Window {
  readonly filter: [number, number];
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly padding: Padding;
}

function drawWindow(random: Random): Window {
  const dilated = random.chance(0.2);
  return {
    filter: [random.int(1, 3), random.int(1, 3)],
    strides: dilated ? [1, 1] : [random.int(1, 3), random.int(1, 3)],
    dilations: dilated ? [random.int(1, 2), random.int(1, 2)] : [1, 1],
    padding: random.pick(['valid', 'same', 1] as const),
  };
}

const image = (random: Random, channels: number) => [random.int(1, 3), random.int(4, 8), random.int(4, 8), channels];
const undilated = ({ dilations }: Window) => dilations.every((dilation) => dilation === 1);

const fusedActivations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'prelu', 'leakyrelu'] as const;

export const networkOperations: readonly DrawnOperation[] = [
  {
    name: 'matMul',
    draw: (random) => {
      const [m, k, n] = [random.int(1, 6), random.int(1, 6), random.int(1, 6)];
      const [transposeA, transposeB] = [random.chance(0.5), random.chance(0.5)];
      const batch = drawShape(random, 0, 2, false);
      const one = random.chance(0.2) ? batch.map(() => 1) : batch;
      const a = [...batch, ...(transposeA ? [k, m] : [m, k])];
      const b = [...one, ...(transposeB ? [n, k] : [k, n])];
      return {
        inputs: [drawInput(random, a, 'float32'), drawInput(random, b, 'float32')],
        options: { transposeA, transposeB },
        apply: (x, y) => tf.matMul(x as tf.Tensor, y as tf.Tensor, transposeA, transposeB),
      };
    },
  },
  {
    name: 'dot',
    draw: (random) => {
      const k = random.int(1, 5);
      const [a, b] = [
        random.chance(0.5) ? [k] : [random.int(1, 4), k],
        random.chance(0.5) ? [k] : [k, random.int(1, 4)],
      ];
      const [left, right] = [drawInput(random, a, 'float32'), drawInput(random, b, 'float32')];
      return {
        inputs: [left, right],
        // No value is larger than 2.
        terms: 2 * sizeOfTerms(left),
        options: {},
        apply: (x, y) => tf.dot(x as tf.Tensor, y as tf.Tensor),
      };
    },
  },
  {
    name: 'einsum',
    draw: (random) => {
      const [i, j, k] = [random.int(1, 4), random.int(1, 4), random.int(1, 4)];
      const [equation, shapes] = random.pick<[string, number[][]]>([
        [
          'ij,jk->ik',
          [
            [i, j],
            [j, k],
          ],
        ],
        ['ij->ji', [[i, j]]],
        [
          'ij,ij->',
          [
            [i, j],
            [i, j],
          ],
        ],
        [
          'bij,bjk->bik',
          [
            [2, i, j],
            [2, j, k],
          ],
        ],
        ['ij,j->i', [[i, j], [j]]],
        ['i,j->ij', [[i], [j]]],
        ['ijk->ik', [[i, j, k]]],
      ]);
      return {
        inputs: shapes.map((shape) => drawInput(random, shape, 'float32')),
        // At most 16 products of two values of at most 2.
        terms: 64,
        options: { equation },
        apply: (...xs) => tf.einsum(equation, ...xs),
      };
    },
  },
  {
    name: 'fused.matMul',
    draw: (random) => {
      const [m, k, n] = [random.int(1, 6), random.int(1, 6), random.int(1, 6)];
      const activation = random.pick(fusedActivations);
      const inputs = [
        drawInput(random, [m, k], 'float32'),
        drawInput(random, [k, n], 'float32'),
        drawInput(random, [n], 'float32'),
      ];
      if (activation === 'prelu') inputs.push(drawInput(random, [n], 'float32'));
      return {
        inputs,
        options: { activation },
        apply: (a, b, bias, slopes) =>
          tf.fused.matMul({
            a: a as tf.Tensor,
            b: b as tf.Tensor,
            bias: bias as tf.Tensor,
            activation,
            leakyreluAlpha: 0.3,
            ...(slopes === undefined ? {} : { preluActivationWeights: slopes }),
          }),
        gradient: ['linear', 'relu', 'relu6', 'elu', 'sigmoid'].includes(activation),
      };
    },
  },
  {
    name: 'conv2d',
    draw: (random) => {
      const window = drawWindow(random);
      const [channels, filters] = [random.int(1, 5), random.int(1, 5)];
      const { strides, padding, dilations, filter } = window;
      return {
        inputs: [
          drawInput(random, image(random, channels), 'float32'),
          drawInput(random, [...filter, channels, filters], 'float32'),
        ],
        options: window,
        apply: (x, w) =>
          tf.conv2d(
            x as tf.Tensor4D,
            w as tf.Tensor4D,
            strides,
            padding,
            'NHWC',
            dilations,
            typeof padding === 'number' ? 'floor' : undefined,
          ),
        gradient: undilated(window),
      };
    },
  },
  {
    name: 'conv2d of channels first',
    draw: (random) => {
      const { strides, filter } = drawWindow(random);
      const padding = random.pick(['valid', 'same'] as const);
      const [channels, filters] = [random.int(1, 4), random.int(1, 4)];
      const [batch = 1, height = 1, width = 1] = image(random, channels);
      return {
        inputs: [
          drawInput(random, [batch, channels, height, width], 'float32'),
          drawInput(random, [...filter, channels, filters], 'float32'),
        ],
        options: { strides, padding, filter },
        apply: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, padding, 'NCHW'),
        gradient: false,
      };
    },
  },
  {
    name: 'conv1d',
    draw: (random) => {
      const [channels, filters, width] = [random.int(1, 4), random.int(1, 4), random.int(1, 3)];
      const [stride, padding] = [random.int(1, 2), random.pick(['valid', 'same'] as const)];
      return {
        inputs: [
          drawInput(random, [2, random.int(4, 8), channels], 'float32'),
          drawInput(random, [width, channels, filters], 'float32'),
        ],
        options: { stride, padding },
        apply: (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, stride, padding),
      };
    },
  },
  {
    name: 'conv2dTranspose',
    draw: (random) => {
      const { filter, strides } = drawWindow(random);
      const padding = random.pick(['valid', 'same'] as const);
      const [channels, filters] = [random.int(1, 4), random.int(1, 4)];
      const shape = [random.int(1, 2), random.int(2, 5), random.int(2, 5), channels];
      const size = (extent: number, axis: 0 | 1) =>
        padding === 'same' ? extent * strides[axis] : (extent - 1) * strides[axis] + filter[axis];
      const output: [number, number, number, number] = [
        shape[0] ?? 1,
        size(shape[1] ?? 1, 0),
        size(shape[2] ?? 1, 1),
        filters,
      ];
      return {
        inputs: [drawInput(random, shape, 'float32'), drawInput(random, [...filter, filters, channels], 'float32')],
        options: { strides, padding, output },
        apply: (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, output, strides, padding),
      };
    },
  },
  {
    name: 'conv3d',
    draw: (random) => {
      const padding = random.pick(['valid', 'same'] as const);
      const stride = random.int(1, 2);
      const filter = [random.int(1, 2), random.int(1, 2), random.int(1, 2), 2, 2];
      return {
        inputs: [drawInput(random, [1, 4, 4, 4, 2], 'float32'), drawInput(random, filter, 'float32')],
        options: { padding, stride },
        apply: (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, stride, padding),
      };
    },
  },
  {
    name: 'depthwiseConv2d',
    draw: (random) => {
      const window = drawWindow(random);
      const { strides, padding, dilations, filter } = window;
      const [channels, multiplier] = [random.int(1, 4), random.int(1, 3)];
      return {
        inputs: [
          drawInput(random, image(random, channels), 'float32'),
          drawInput(random, [...filter, channels, multiplier], 'float32'),
        ],
        options: window,
        apply: (x, w) =>
          tf.depthwiseConv2d(
            x as tf.Tensor4D,
            w as tf.Tensor4D,
            strides,
            padding,
            'NHWC',
            dilations,
            typeof padding === 'number' ? 'floor' : undefined,
          ),
        gradient: undilated(window),
      };
    },
  },
  {
    name: 'separableConv2d',
    draw: (random) => {
      const { strides, filter } = drawWindow(random);
      const stride = strides[0];
      const padding = random.pick(['valid', 'same'] as const);
      const [channels, multiplier, filters] = [random.int(1, 3), random.int(1, 2), random.int(1, 4)];
      return {
        inputs: [
          drawInput(random, image(random, channels), 'float32'),
          drawInput(random, [...filter, channels, multiplier], 'float32'),
          drawInput(random, [1, 1, channels * multiplier, filters], 'float32'),
        ],
        options: { stride, padding, filter },
        apply: (x, w, p) =>
          tf.separableConv2d(x as tf.Tensor4D, w as tf.Tensor4D, p as tf.Tensor4D, [stride, stride], padding),
      };
    },
  },
  {
    name: 'fused.conv2d',
    draw: (random) => {
      const { strides, padding, filter } = drawWindow(random);
      const [channels, filters] = [random.int(1, 4), random.int(1, 4)];
      const activation = random.pick(fusedActivations);
      const depthwise = random.chance(0.3);
      const inputs = [
        drawInput(random, image(random, channels), 'float32'),
        drawInput(random, [...filter, channels, filters], 'float32'),
      ];
      inputs.push(drawInput(random, [depthwise ? channels * filters : filters], 'float32'));
      if (activation === 'prelu') inputs.push(drawInput(random, [depthwise ? channels * filters : filters], 'float32'));
      return {
        inputs,
        options: { strides, padding, activation, depthwise },
        apply: (x, w, bias, slopes) =>
          (depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d)({
            x: x as tf.Tensor4D,
            filter: w as tf.Tensor4D,
            strides,
            pad: padding,
            ...(typeof padding === 'number' ? { dimRoundingMode: 'floor' as const } : {}),
            bias: bias as tf.Tensor,
            activation,
            leakyreluAlpha: 0.3,
            ...(slopes === undefined ? {} : { preluActivationWeights: slopes }),
          }),
        gradient: ['linear', 'relu', 'relu6', 'elu', 'sigmoid'].includes(activation),
      };
    },
  },
  ...[tf.maxPool, tf.avgPool].map(
    (pool): DrawnOperation => ({
      name: pool === tf.maxPool ? 'maxPool' : 'avgPool',
      draw: (random) => {
        const { filter, strides, padding } = drawWindow(random);
        // tfjs wants a padding that is smaller than the window.
        const pad = typeof padding === 'number' && Math.min(...filter) === 1 ? 'valid' : padding;
        return {
          inputs: [
            drawInput(random, image(random, random.int(1, 4)), 'float32', pool === tf.maxPool ? 'distinct' : 'near 0'),
          ],
          options: { filter, strides, pad },
          apply: (x) => pool(x as tf.Tensor4D, filter, strides, pad, typeof pad === 'number' ? 'floor' : undefined),
        };
      },
    }),
  ),
  {
    name: 'pool3d',
    draw: (random) => {
      const padding = random.pick(['valid', 'same'] as const);
      const [size, stride] = [random.int(1, 3), random.int(1, 2)];
      const max = random.chance(0.5);
      return {
        inputs: [drawInput(random, [1, 4, 4, 4, 2], 'float32', max ? 'distinct' : 'near 0')],
        options: { padding, size, stride, max },
        apply: (x) => (max ? tf.maxPool3d : tf.avgPool3d)(x as tf.Tensor5D, size, stride, padding),
      };
    },
  },
  {
    name: 'dilation2d',
    draw: (random) => {
      const channels = random.int(1, 3);
      const { filter, strides } = drawWindow(random);
      const padding = random.pick(['valid', 'same'] as const);
      return {
        inputs: [
          drawInput(random, image(random, channels), 'float32', 'distinct'),
          drawInput(random, [...filter, channels], 'float32', 'within 1'),
        ],
        options: { strides, padding },
        apply: (x, w) => tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, strides, padding),
        gradient: false,
      };
    },
  },
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
        inputs: [drawInput(random, image(random, random.int(1, 6)), 'float32')],
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
          inputs: [drawInput(random, image(random, random.int(1, 3)), 'float32')],
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
      const shape = image(random, 2);
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
