/**
 * Resizing, bilinear and nearest, and its gradient: each axis is one product with a matrix of interpolation weights, computed in
 * float64 by tfjs's own rule, so every option is exact and the gradient is the product with the transposed matrix.
 */
import type { LazyNode } from '../graph/node.js';
import type { Operation } from '../graph/operation.js';
import { type KernelTable, required } from '../tfjs/kernel.js';

type ResizeAttributes = { method: 'bilinear' | 'nearest'; alignCorners: boolean; halfPixelCenters: boolean };

/** Row-major weights [outputSize, inputSize] of a resize along one axis, as tfjs's cpu kernels compute it. */
function interpolation(
  inputSize: number,
  outputSize: number,
  { method, alignCorners, halfPixelCenters }: ResizeAttributes,
): number[] {
  const aligned = alignCorners && outputSize > 1;
  const ratio = (aligned ? inputSize - 1 : inputSize) / (aligned ? outputSize - 1 : outputSize);
  const weights = new Array<number>(outputSize * inputSize).fill(0);
  for (let i = 0; i < outputSize; i++) {
    if (method === 'nearest') {
      const position = ratio * (halfPixelCenters ? i + 0.5 : i);
      const source = Math.max(0, Math.min(inputSize - 1, alignCorners ? Math.round(position) : Math.floor(position)));
      weights[i * inputSize + source] = 1;
      continue;
    }
    const position = halfPixelCenters ? ratio * (i + 0.5) - 0.5 : ratio * i;
    const floor = Math.max(0, Math.floor(position));
    const ceil = Math.min(inputSize - 1, Math.ceil(position));
    const fraction = position - floor;
    weights[i * inputSize + floor] = (weights[i * inputSize + floor] ?? 0) + 1 - fraction;
    weights[i * inputSize + ceil] = (weights[i * inputSize + ceil] ?? 0) + fraction;
  }
  return weights;
}

function transposed(matrix: readonly number[], rows: number, columns: number): number[] {
  return Array.from({ length: matrix.length }, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)] ?? 0);
}

const resize: Operation<ResizeAttributes> = {
  name: 'Resize',
  emit(graph, node, attributes) {
    const [x] = node.inputs as [LazyNode];
    const [, inHeight = 1, inWidth = 1] = x.shape;
    const [, outHeight = 1, outWidth = 1] = node.shape;
    const rows = graph.tensor('float32', interpolation(inHeight, outHeight, attributes), [outHeight, inHeight]);
    const columns = graph.tensor(
      'float32',
      transposed(interpolation(inWidth, outWidth, attributes), outWidth, inWidth),
      [inWidth, outWidth],
    );
    const wide = graph.op('MatMul', [graph.get(x, 'channelsFirst'), columns]);
    graph.set(node, 'channelsFirst', graph.op('MatMul', [rows, wide]));
  },
};

const resizeGrad: Operation<ResizeAttributes> = {
  name: 'ResizeGrad',
  emit(graph, node, attributes) {
    const [dy] = node.inputs as [LazyNode];
    const [, inHeight = 1, inWidth = 1] = node.shape;
    const [, outHeight = 1, outWidth = 1] = dy.shape;
    const rows = graph.tensor(
      'float32',
      transposed(interpolation(inHeight, outHeight, attributes), outHeight, inHeight),
      [inHeight, outHeight],
    );
    const columns = graph.tensor('float32', interpolation(inWidth, outWidth, attributes), [outWidth, inWidth]);
    const narrow = graph.op('MatMul', [graph.get(dy, 'channelsFirst'), columns]);
    graph.set(node, 'channelsFirst', graph.op('MatMul', [rows, narrow]));
  },
};

function forward(method: ResizeAttributes['method']): KernelTable[string] {
  return (backend, inputs, attributes) => {
    const images = required(inputs, 'images');
    const { size, alignCorners, halfPixelCenters } = attributes as unknown as {
      size: [number, number];
      alignCorners: boolean;
      halfPixelCenters: boolean;
    };
    const [batch = 1, , , channels = 1] = images.shape;
    if (images.dtype !== 'float32') return null;
    return backend.record(resize, [images], [batch, ...size, channels], 'float32', {
      method,
      alignCorners,
      halfPixelCenters,
    });
  };
}

function backward(method: ResizeAttributes['method']): KernelTable[string] {
  return (backend, inputs, attributes) => {
    const [images, dy] = [required(inputs, 'images'), required(inputs, 'dy')];
    const alignCorners = (attributes['alignCorners'] as boolean | undefined) ?? false;
    if (dy.dtype !== 'float32') return null;
    // tfjs's gradients know nothing of half-pixel centers.
    return backend.record(resizeGrad, [dy], images.shape, 'float32', { method, alignCorners, halfPixelCenters: false });
  };
}

export const resizingKernels: KernelTable = {
  ResizeBilinear: forward('bilinear'),
  ResizeNearestNeighbor: forward('nearest'),
  ResizeBilinearGrad: backward('bilinear'),
  ResizeNearestNeighborGrad: backward('nearest'),
};
