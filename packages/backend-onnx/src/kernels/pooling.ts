/** Max and average pooling and their gradients. */
import { at } from '../graph/at.js';
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import type { Operation } from '../graph/operation.js';
import { sizeOf } from '../graph/shape.js';
import { type KernelTable, required } from '../tfjs/kernel.js';
import { maxPoolGradientByParts } from './max-pool-gradient.js';
import { canPoolByRows, maxPoolGradientByRows } from './max-pool-gradient-by-rows.js';
import { canPoolInBlocks, maxPoolGradientInBlocks, maxPoolInBlocks } from './max-pool-gradient-in-blocks.js';
import { poolingGeometry, type Window, windowAttributes } from './window.js';

/** Whether there are zeros around the value. */
export function padsZeros({ name, attributes }: LazyNode): boolean {
  return name === 'PadV2' && attributes['value'] === 0;
}

/** Largest values alone: onnxruntime finds them faster when it does not have to say where they were. */
function maxPoolAlone(graph: Emission, x: LazyNode, window: Window): string {
  const input = graph.get(x, 'channelsFirst');
  // onnxruntime 1.30 would take zeros around the input for the pooling's own padding, which never wins: something keeps them apart.
  const kept = padsZeros(x) ? graph.op('Max', [input, graph.scalar('float32', -Infinity)]) : input;
  return graph.op('MaxPool', [kept], windowAttributes(window));
}

/** Largest values, and with each where in the input it was found: the first of several, as in tfjs. */
function maxPoolWithIndices(graph: Emission, x: LazyNode, window: Window): readonly string[] {
  return graph.ops('MaxPool', [graph.get(x, 'channelsFirst')], 2, windowAttributes(window));
}

/** ONNX requires each padding to be smaller than the kernel. */
export function paddedLessThanKernel(pads: readonly number[], kernel: readonly number[]): boolean {
  return pads.every((size, side) => size < (kernel[side % 2] ?? 1));
}

/** What a max pooling reads, and the padding around it: no wider than ONNX allows. */
export function readByMaxPool(graph: Emission, padded: LazyNode, window: Window): { x: LazyNode; window: Window } {
  const { x, pads } = graph.reading(maxPoolName, padded, window.pads);
  return paddedLessThanKernel(pads, window.kernel) ? { x, window: { ...window, pads } } : { x: padded, window };
}

/** How the gradient finds the maxima: see max-pool-gradient-by-rows.ts, -in-blocks.ts, `maxPoolWithIndices` and max-pool-gradient.ts. */
type GradientForm = 'rows' | 'blocks' | 'indices' | 'parts';

function gradientForm(graph: Emission, x: LazyNode, window: Window): GradientForm {
  if (canPoolByRows(graph, x.shape, window)) return 'rows';
  if (canPoolInBlocks(graph, x, window)) return 'blocks';
  return graph.can('poolIndices') ? 'indices' : 'parts';
}

/** How the gradient of a pooling will find the maxima, so that both share nodes; null where the graph has no gradient of it. */
export function askedForm(graph: Emission, padded: LazyNode, x: LazyNode, window: Window): GradientForm | null {
  return graph.userOf(padded, maxPoolGradName) === null ? null : gradientForm(graph, x, window);
}

export const maxPoolName = 'MaxPool';

const maxPool: Operation<Window> = {
  name: maxPoolName,
  emit(graph, node, window) {
    const [padded] = node.inputs as [LazyNode];
    const { x, window: own } = readByMaxPool(graph, padded, window);
    const pooled = () => {
      const form = askedForm(graph, padded, x, own);
      if (form === 'indices') return at(maxPoolWithIndices(graph, x, own), 0);
      return form === 'blocks' ? maxPoolInBlocks(graph, x, own) : maxPoolAlone(graph, x, own);
    };
    graph.set(node, 'channelsFirst', pooled());
  },
};

/** The largest values, as the pooling itself has them where it is in the graph. */
function largestOf(graph: Emission, x: LazyNode, window: Window): string {
  const pooled = graph.userOf(x, maxPoolName);
  const isSame =
    pooled !== null && graph.isEmitted(pooled) && canPoolByRows(graph, x.shape, pooled.attributes as Window);
  return isSame ? graph.get(pooled, 'channelsFirst') : maxPoolAlone(graph, x, window);
}

/**
 * dy added where the maximum was found.
 * @param gate what dy is multiplied by first, given the name of the largest values in NCHW; null for nothing
 * @returns its name in NCHW
 */
export function emitMaxPoolGrad(
  graph: Emission,
  dy: LazyNode,
  x: LazyNode,
  window: Window,
  gate: ((y: string) => string) | null = null,
): string {
  const gated = (y: string) => {
    const gradient = graph.get(dy, 'channelsFirst');
    return gate === null ? gradient : graph.op('Mul', [gate(y), gradient]);
  };
  const form = gradientForm(graph, x, window);
  if (form === 'rows') {
    const y = largestOf(graph, x, window);
    return maxPoolGradientByRows(graph, { x: graph.get(x, 'channelsFirst'), y, dy: gated(y), shape: x.shape });
  }
  const [, outHeight = 1, outWidth = 1] = dy.shape;
  if (form === 'blocks') return maxPoolGradientInBlocks(graph, { x, dy, output: [outHeight, outWidth], gate }, window);
  if (form === 'parts') {
    const names = { x: graph.get(x, 'channelsFirst'), y: maxPoolAlone(graph, x, window) };
    const pooling = { ...names, dy: gated(names.y), shape: x.shape, output: [outHeight, outWidth] } as const;
    return maxPoolGradientByParts(graph, pooling, window);
  }
  const [largest, indices] = maxPoolWithIndices(graph, x, window) as [string, string];
  const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
  const zeros = graph.op('Expand', [graph.scalar('float32', 0), graph.ints([sizeOf(x.shape)])]);
  const gradient = graph.reshape(gated(largest), [-1]);
  const scattered = graph.op('ScatterElements', [zeros, graph.reshape(indices, [-1]), gradient], {
    axis: 0,
    reduction: 'add',
  });
  return graph.reshape(scattered, [batch, channels, height, width]);
}

export const maxPoolGradName = 'MaxPoolGrad';

const maxPoolGrad: Operation<Window> = {
  name: maxPoolGradName,
  emit(graph, node, window) {
    const [dy, x] = node.inputs as [LazyNode, LazyNode];
    graph.set(node, 'channelsFirst', emitMaxPoolGrad(graph, dy, x, window));
  },
};

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

/**
 * The padding around dy with which the gradient at stride 1 is an average pooling itself, of the windows that cover each pixel. It takes 0.6 ms
 * instead of 2.5 for 4 images of 288 channels at 35x35 (two AVX-512 cores of an EPYC, 2026-11-28).
 * @returns null where it is none, or where nobody has seen that the runtime counts padding as the operator says
 */
function paddingOfMeans(graph: Emission, { kernel, strides, dilations, pads }: Window): readonly number[] | null {
  const isDense = [...strides, ...dilations].every((step) => step === 1);
  const around = pads.map((size, side) => (kernel[side % 2] ?? 1) - 1 - size);
  const isSeen = graph.options.portable !== true && graph.can('blockedConvolution');
  return isDense && isSeen && around.every((size) => size >= 0) ? around : null;
}

/** dy / (kernel size) spread over each window: at the border, too, where tfjs's gradient does not divide by the part inside. */
const averagePoolGrad: Operation<Window> = {
  name: 'AvgPoolGrad',
  emit(graph, node, window) {
    const [dy] = node.inputs as [LazyNode];
    const [batch = 1, height = 1, width = 1, channels = 1] = node.shape;
    const [, outHeight = 1, outWidth = 1] = dy.shape;
    const { kernel, strides, pads } = window;
    const around = paddingOfMeans(graph, window);
    if (around !== null) {
      const attributes = { ...windowAttributes({ ...window, pads: around }), count_include_pad: 1 };
      graph.set(node, 'channelsFirst', graph.op('AveragePool', [graph.get(dy, 'channelsFirst')], attributes));
      return;
    }
    const size = sizeOf(kernel);
    const missing = [height, width].map((extent, axis) => {
      const reached =
        ((axis === 0 ? outHeight : outWidth) - 1) * (strides[axis] ?? 1) +
        (kernel[axis] ?? 1) -
        (pads[axis] ?? 0) -
        (pads[axis + 2] ?? 0);
      return Math.max(0, extent - reached);
    });
    // Every channel is an image of its own.
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
