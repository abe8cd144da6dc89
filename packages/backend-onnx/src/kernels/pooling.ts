/** Max and average pooling and their gradients. */
import type { GraphBuilder } from '../graph/graph-builder.js';
import type { LazyNode, Operation } from '../graph/node.js';
import { sizeOf } from '../graph/shape.js';
import { type KernelTable, required } from '../tfjs/kernel.js';
import { unitStep } from './activation.js';
import { maxPoolInBlocks } from './blocked-values.js';
import { unpadded } from './convolution/forward.js';
import { maxPoolGradientByParts } from './max-pool-gradient.js';
import { poolingGeometry, type Window, windowAttributes } from './window.js';

/** Largest values alone: onnxruntime finds them faster when it does not have to say where they were. */
function maxPoolAlone(graph: GraphBuilder, x: LazyNode, window: Window): string {
  const input = graph.get(x, 'channelsFirst');
  // onnxruntime 1.30 would take zeros around the input for the pooling's own padding, which never wins: something keeps them apart.
  const padsZeros = x.name === 'PadV2' && (x.attributes as { value?: number }).value === 0;
  const blocked = padsZeros ? null : maxPoolInBlocks(graph, input, window);
  if (blocked !== null) return blocked;
  const kept = padsZeros ? graph.op('Max', [input, graph.scalar('float32', -Infinity)]) : input;
  return graph.op('MaxPool', [kept], windowAttributes(window));
}

/** Largest values, and with each where in the input it was found: the first of several, as in tfjs. */
function maxPoolWithIndices(graph: GraphBuilder, x: LazyNode, window: Window): readonly string[] {
  return graph.ops('MaxPool', [graph.get(x, 'channelsFirst')], 2, windowAttributes(window));
}

/** ONNX wants it so. */
function paddedLessThanKernel(pads: readonly number[], kernel: readonly number[]): boolean {
  return pads.every((size, side) => size < (kernel[side % 2] ?? 1));
}

/** What is padded so that the padding never wins: with -Infinity, or with zeros around what ReLU has made. */
function withoutPadding(padded: LazyNode, pads: readonly number[]): { x: LazyNode; pads: readonly number[] } {
  const zeros = unpadded(padded, 0, pads);
  return zeros.x.name === 'Relu' ? zeros : unpadded(padded, -Infinity, pads);
}

const maxPool: Operation<Window> = {
  name: 'MaxPool',
  emit(graph, node, window) {
    const [padded] = node.inputs as [LazyNode];
    const { x, pads } = withoutPadding(padded, window.pads);
    const pool =
      graph.userOf(padded, maxPoolGradName) !== null && graph.can('poolIndices')
        ? (from: LazyNode, by: Window) => maxPoolWithIndices(graph, from, by)[0] ?? ''
        : (from: LazyNode, by: Window) => maxPoolAlone(graph, from, by);
    const values = paddedLessThanKernel(pads, window.kernel) ? pool(x, { ...window, pads }) : pool(padded, window);
    graph.set(node, 'channelsFirst', values);
  },
};

/**
 * dy added where the maximum was found.
 * @param gate what dy is multiplied by first, given the name of the largest values in NCHW; null for nothing
 * @returns its name in NCHW
 */
function emitMaxPoolGrad(
  graph: GraphBuilder,
  dy: LazyNode,
  x: LazyNode,
  window: Window,
  gate: ((y: string) => string) | null = null,
): string {
  const gated = (y: string) => {
    const gradient = graph.get(dy, 'channelsFirst');
    return gate === null ? gradient : graph.op('Mul', [gate(y), gradient]);
  };
  if (!graph.can('poolIndices')) {
    const names = { x: graph.get(x, 'channelsFirst'), y: maxPoolAlone(graph, x, window) };
    const [, outHeight = 1, outWidth = 1] = dy.shape;
    const pooling = { ...names, dy: gated(names.y), shape: x.shape, output: [outHeight, outWidth] } as const;
    return maxPoolGradientByParts(graph, pooling, window);
  }
  const [largest = '', indices = ''] = maxPoolWithIndices(graph, x, window);
  const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
  const zeros = graph.op('Expand', [graph.scalar('float32', 0), graph.ints([sizeOf(x.shape)])]);
  const gradient = graph.reshape(gated(largest), [-1]);
  const scattered = graph.op('ScatterElements', [zeros, graph.reshape(indices, [-1]), gradient], {
    axis: 0,
    reduction: 'add',
  });
  return graph.reshape(scattered, [batch, channels, height, width]);
}

const maxPoolGradName = 'MaxPoolGrad';

const maxPoolGrad: Operation<Window> = {
  name: maxPoolGradName,
  emit(graph, node, window) {
    const [dy, x] = node.inputs as [LazyNode, LazyNode];
    graph.set(node, 'channelsFirst', emitMaxPoolGrad(graph, dy, x, window));
  },
};

/**
 * The part of a max pooling's gradient that lies inside a padding with -Infinity, which becomes the pooling's own.
 * @returns its name in NCHW, or null where `node` is something else
 */
export function emitInnerPoolGradient(graph: GraphBuilder, node: LazyNode, shape: readonly number[]): string | null {
  const [dy, padded] = node.inputs;
  if (node.name !== maxPoolGradName || node.value !== null || dy === undefined || padded === undefined) return null;
  const window = node.attributes as Window;
  const { x, pads } = unpadded(padded, -Infinity, window.pads);
  if (x === padded || x.shape.join() !== shape.join() || !paddedLessThanKernel(pads, window.kernel)) return null;
  return emitMaxPoolGrad(graph, dy, x, { ...window, pads });
}

/**
 * The gradient of a max pooling that pads its input with zeros, as `zeroPadding2d` before it does, up to pixels where ReLU has made
 * zero: a window of nothing but zeros has its first maximum in the padding, here inside it.
 * @param node the part of the pooling's gradient that lies inside the padding
 */
function insideZeros(node: LazyNode, relu: LazyNode): { dy: LazyNode; window: Window } | null {
  const [gradient] = node.inputs;
  if (node.name !== 'Slice' || node.value !== null || gradient?.name !== maxPoolGradName) return null;
  const [dy, padded] = gradient.inputs;
  if (gradient.value !== null || dy === undefined || padded === undefined) return null;
  const window = gradient.attributes as Window;
  const { x, pads } = unpadded(padded, 0, window.pads);
  if (x === padded || x !== relu || x.shape.join() !== node.shape.join()) return null;
  const begin = (node.attributes as { begin?: readonly number[] }).begin;
  const before = pads.slice(0, 2).map((size, axis) => size - (window.pads[axis] ?? 0));
  if (begin?.join() !== [0, ...before, 0].join() || !paddedLessThanKernel(pads, window.kernel)) return null;
  return { dy, window: { ...window, pads } };
}

/**
 * What ReLU lets through of the gradient of a max pooling of its result. A largest value is positive where its pixel is: so
 * the pooled gradient is gated, of which there is less than of pixels.
 * @param node the pooling's gradient, or the part of it that lies inside a padding with zeros
 * @returns its name in NCHW, or null where `node` is something else
 */
export function emitPoolGradientOfRelu(graph: GraphBuilder, node: LazyNode, relu: LazyNode): string | null {
  const [dy, x] = node.inputs;
  const direct =
    node.name === maxPoolGradName && node.value === null && x === relu && dy !== undefined
      ? { dy, window: node.attributes as Window }
      : null;
  const found = direct ?? insideZeros(node, relu);
  return found && emitMaxPoolGrad(graph, found.dy, relu, found.window, (y) => unitStep(graph, y));
}

/** The mean over the part of the window that lies inside, as in tfjs. */
const averagePool: Operation<Window> = {
  name: 'AvgPool',
  emit(graph, node, window) {
    const [x] = node.inputs as [LazyNode];
    const input = graph.get(x, 'channelsFirst');
    graph.set(
      node,
      'channelsFirst',
      graph.op('AveragePool', [input], { ...windowAttributes(window), count_include_pad: 0 }),
    );
  },
};

/** dy / (kernel size) spread over each window: at the border, too, where tfjs's gradient does not divide by the part inside. */
const averagePoolGrad: Operation<Window> = {
  name: 'AvgPoolGrad',
  emit(graph, node, window) {
    const [dy] = node.inputs as [LazyNode];
    const [batch = 1, height = 1, width = 1, channels = 1] = node.shape;
    const [, outHeight = 1, outWidth = 1] = dy.shape;
    const { kernel, strides, pads } = window;
    const size = sizeOf(kernel);
    const missing = [height, width].map((extent, axis) => {
      const reached =
        ((axis === 0 ? outHeight : outWidth) - 1) * (strides[axis] ?? 1) +
        (kernel[axis] ?? 1) -
        (pads[axis] ?? 0) -
        (pads[axis + 2] ?? 0);
      return Math.max(0, extent - reached);
    });
    // Every channel is a picture of its own.
    const pictures = graph.reshape(graph.get(dy, 'channelsFirst'), [batch * channels, 1, outHeight, outWidth]);
    const weights = graph.tensor('float32', new Array(size).fill(1 / size), [1, 1, ...kernel]);
    const spread = graph.op('ConvTranspose', [pictures, weights], {
      kernel_shape: kernel,
      strides,
      pads,
      output_padding: missing,
    });
    graph.set(node, 'channelsFirst', graph.reshape(spread, [batch, channels, height, width]));
  },
};

export const poolingKernels: KernelTable = {
  MaxPool: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    if (x.dtype !== 'float32' || x.shape.length !== 4) return null;
    const geometry = poolingGeometry(x.shape, attributes);
    if (geometry === null || !paddedLessThanKernel(geometry.window.pads, geometry.window.kernel)) return null;
    return backend.record(maxPool, [x], geometry.outputShape, 'float32', geometry.window);
  },
  MaxPoolGrad: (backend, inputs, attributes) => {
    const [dy, input] = [required(inputs, 'dy'), required(inputs, 'input')];
    if (input.dtype !== 'float32' || input.shape.length !== 4) return null;
    const geometry = poolingGeometry(input.shape, attributes, dy.shape);
    if (geometry === null || !paddedLessThanKernel(geometry.window.pads, geometry.window.kernel)) return null;
    return backend.record(maxPoolGrad, [dy, input], input.shape, 'float32', geometry.window);
  },
  AvgPool: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    if (x.dtype !== 'float32' || x.shape.length !== 4) return null;
    const geometry = poolingGeometry(x.shape, attributes);
    if (geometry === null || !paddedLessThanKernel(geometry.window.pads, geometry.window.kernel)) return null;
    return backend.record(averagePool, [x], geometry.outputShape, 'float32', geometry.window);
  },
  AvgPoolGrad: (backend, inputs, attributes) => {
    const [dy, input] = [required(inputs, 'dy'), required(inputs, 'input')];
    if (input.dtype !== 'float32' || input.shape.length !== 4) return null;
    const geometry = poolingGeometry(input.shape, attributes, dy.shape);
    if (geometry === null || !paddedLessThanKernel(geometry.window.pads, geometry.window.kernel)) return null;
    return backend.record(averagePoolGrad, [dy], input.shape, 'float32', geometry.window);
  },
};
