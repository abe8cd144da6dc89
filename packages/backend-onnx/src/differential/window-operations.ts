/** What moves a window over images: convolutions, pooling, dilation. */
import * as tf from '@tensorflow/tfjs-core';
import { type DrawnOperation, drawInput, fusedActivations } from './drawn-case.js';
import { drawImageShape, type Random } from './random.js';

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
const undilated = ({ dilations }: Window) => dilations.every((dilation) => dilation === 1);

export const windowOperations: readonly DrawnOperation[] = [
  {
    name: 'conv2d',
    draw: (random) => {
      const window = drawWindow(random);
      const [channels, filters] = [random.int(1, 5), random.int(1, 5)];
      const { strides, padding, dilations, filter } = window;
      return {
        inputs: [
          drawInput(random, drawImageShape(random, channels), 'float32'),
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
      const [batch = 1, height = 1, width = 1] = drawImageShape(random, channels);
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
          drawInput(random, drawImageShape(random, channels), 'float32'),
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
          drawInput(random, drawImageShape(random, channels), 'float32'),
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
        drawInput(random, drawImageShape(random, channels), 'float32'),
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
            drawInput(
              random,
              drawImageShape(random, random.int(1, 4)),
              'float32',
              pool === tf.maxPool ? 'distinct' : 'near 0',
            ),
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
          drawInput(random, drawImageShape(random, channels), 'float32', 'distinct'),
          drawInput(random, [...filter, channels], 'float32', 'within 1'),
        ],
        options: { strides, padding },
        apply: (x, w) => tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, strides, padding),
        gradient: false,
      };
    },
  },
];
