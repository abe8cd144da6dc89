/** Batch normalization with given statistics, and local response normalization with its gradient. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import type { Operation } from '../graph/operation.js';
import { type KernelTable, required } from '../tfjs/kernel.js';
import { scaleChannels } from './channel-scale.js';

type BatchNormAttributes = { epsilon: number; offset: boolean; scale: boolean };

/** A batch normalization's inputs. */
export interface BatchNormInputs {
  readonly x: LazyNode;
  readonly mean: LazyNode;
  readonly variance: LazyNode;
  readonly offset: LazyNode | undefined;
  readonly scale: LazyNode | undefined;
  readonly epsilon: number;
}

export const batchNormName = 'FusedBatchNorm';

export function batchNormInputs(node: LazyNode): BatchNormInputs {
  const { epsilon, offset: hasOffset, scale: hasScale } = node.attributes as BatchNormAttributes;
  const [x, mean, variance, ...rest] = node.inputs as [LazyNode, LazyNode, LazyNode, ...LazyNode[]];
  const offset = hasOffset ? rest.shift() : undefined;
  const scale = hasScale ? rest.shift() : undefined;
  return { x, mean, variance, offset, scale, epsilon };
}

/** Whether images are normalized by one number a channel each. */
export function isPerChannel({ x, mean, variance, offset, scale }: BatchNormInputs): boolean {
  const channels = x.shape.at(-1);
  return (
    x.shape.length === 4 &&
    [mean, variance, offset, scale].every(
      (part) => part === undefined || (part.shape.length === 1 && part.shape[0] === channels),
    )
  );
}

/** Names of gamma, beta, and of the factor and the shift that they make with the statistics, one number a channel each. */
export function channelFactors(graph: Emission, { x, mean, variance, offset, scale, epsilon }: BatchNormInputs) {
  const all = (value: number) => graph.tensor('float32', new Array(x.shape.at(-1) ?? 1).fill(value));
  const gamma = scale ? graph.get(scale) : all(1);
  const beta = offset ? graph.get(offset) : all(0);
  const deviation = graph.op('Sqrt', [graph.op('Add', [graph.get(variance), graph.scalar('float32', epsilon)])]);
  const factor = graph.op('Div', [gamma, deviation]);
  const shift = graph.op('Sub', [beta, graph.op('Mul', [graph.get(mean), factor])]);
  return { gamma, beta, factor, shift };
}

/** gamma (x - mean) / sqrt(variance + epsilon) + beta */
const batchNorm: Operation<BatchNormAttributes> = {
  name: batchNormName,
  emit(graph, node, { epsilon }) {
    const inputs = batchNormInputs(node);
    const { x, mean, variance, offset, scale } = inputs;
    if (isPerChannel(inputs)) {
      const { gamma, beta, factor, shift } = channelFactors(graph, inputs);
      const name = graph.get(x, 'channelsFirst');
      const [, height = 1, width = 1, channels = 1] = x.shape;
      const operands = [name, gamma, beta, graph.get(mean), graph.get(variance)];
      const normalized =
        scaleChannels(graph, { name, channels, pixels: height * width }, factor, shift) ??
        graph.op('BatchNormalization', operands, { epsilon: { float: epsilon } });
      return graph.set(node, 'channelsFirst', normalized);
    }
    const deviation = graph.op('Sqrt', [graph.op('Add', [graph.get(variance), graph.scalar('float32', epsilon)])]);
    let y = graph.op('Div', [graph.op('Sub', [graph.get(x), graph.get(mean)]), deviation]);
    if (scale) y = graph.op('Mul', [y, graph.get(scale)]);
    if (offset) y = graph.op('Add', [y, graph.get(offset)]);
    graph.set(node, 'plain', y);
  },
};

type ResponseAttributes = { depthRadius: number; bias: number; alpha: number; beta: number };

/** The sum over the window of channels around each channel of [batch, channels, positions]. */
function windowSum(
  graph: Emission,
  x: string,
  [batch, channels, positions]: readonly [number, number, number],
  depthRadius: number,
): string {
  const size = 2 * depthRadius + 1;
  const planes = graph.reshape(x, [batch, 1, channels, positions]);
  const attributes = {
    kernel_shape: [size, 1],
    pads: [depthRadius, 0, depthRadius, 0],
    strides: [1, 1],
    count_include_pad: 1,
  };
  const mean = graph.op('AveragePool', [planes], attributes);
  return graph.reshape(graph.op('Mul', [mean, graph.scalar('float32', size)]), [batch, channels, positions]);
}

/** x as [batch, channels, positions], and bias + alpha windowSum(x^2) */
function responses(
  graph: Emission,
  x: LazyNode,
  { depthRadius, bias, alpha }: Omit<ResponseAttributes, 'beta'>,
): { flat: string; norm: string } {
  const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
  const shape = [batch, channels, height * width] as const;
  const flat = graph.reshape(graph.get(x, 'channelsFirst'), shape);
  const squares = windowSum(graph, graph.op('Mul', [flat, flat]), shape, depthRadius);
  const scaled = graph.op('Mul', [squares, graph.scalar('float32', alpha)]);
  return { flat, norm: graph.op('Add', [scaled, graph.scalar('float32', bias)]) };
}

/** x / (bias + alpha * sum of squares in the window) ^ beta. ONNX divides alpha by the window's size. */
const localResponse: Operation<ResponseAttributes> = {
  name: 'LRN',
  emit(graph, node, { depthRadius, bias, alpha, beta }) {
    const [x] = node.inputs as [LazyNode];
    if (!graph.can('localResponseNormalization')) {
      const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
      const { flat, norm } = responses(graph, x, { depthRadius, bias, alpha });
      const y = graph.op('Mul', [flat, graph.op('Pow', [norm, graph.scalar('float32', -beta)])]);
      return graph.set(node, 'channelsFirst', graph.reshape(y, [batch, channels, height, width]));
    }
    const size = 2 * depthRadius + 1;
    const attributes = { size, alpha: { float: alpha * size }, beta: { float: beta }, bias: { float: bias } };
    graph.set(node, 'channelsFirst', graph.op('LRN', [graph.get(x, 'channelsFirst')], attributes));
  },
};

/** dx = dy norm^-beta - 2 alpha beta x windowSum(dy y / norm), norm = bias + alpha windowSum(x^2) */
const localResponseGrad: Operation<ResponseAttributes> = {
  name: 'LRNGrad',
  emit(graph, node, { depthRadius, bias, alpha, beta }) {
    const [x, y, dy] = node.inputs as [LazyNode, LazyNode, LazyNode];
    const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
    const shape = [batch, channels, height * width] as const;
    const flat = (value: LazyNode) => graph.reshape(graph.get(value, 'channelsFirst'), shape);
    const constant = (value: number) => graph.scalar('float32', value);
    const { norm } = responses(graph, x, { depthRadius, bias, alpha });
    const direct = graph.op('Mul', [flat(dy), graph.op('Pow', [norm, constant(-beta)])]);
    const inner = windowSum(graph, graph.op('Div', [graph.op('Mul', [flat(dy), flat(y)]), norm]), shape, depthRadius);
    const crossed = graph.op('Mul', [graph.op('Mul', [flat(x), inner]), constant(-2 * alpha * beta)]);
    graph.set(
      node,
      'channelsFirst',
      graph.reshape(graph.op('Add', [direct, crossed]), [batch, channels, height, width]),
    );
  },
};

export const normalizationKernels: KernelTable = {
  FusedBatchNorm: (backend, inputs, attributes) => {
    const [x, mean, variance] = [required(inputs, 'x'), required(inputs, 'mean'), required(inputs, 'variance')];
    const { offset, scale } = inputs as Record<string, TensorInfo | undefined>;
    if (x.dtype !== 'float32') return null;
    const operands = [x, mean, variance];
    if (offset) operands.push(offset);
    if (scale) operands.push(scale);
    return backend.record(batchNorm, operands, x.shape, 'float32', {
      epsilon: (attributes['varianceEpsilon'] as number | undefined) ?? 0.001,
      offset: offset != null,
      scale: scale != null,
    });
  },
  LRN: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const { depthRadius, bias, alpha, beta } = attributes as ResponseAttributes;
    return backend.record(localResponse, [x], x.shape, 'float32', { depthRadius, bias, alpha, beta });
  },
  LRNGrad: (backend, inputs, attributes) => {
    const { depthRadius, bias, alpha, beta } = attributes as ResponseAttributes;
    const x = required(inputs, 'x');
    return backend.record(localResponseGrad, [x, required(inputs, 'y'), required(inputs, 'dy')], x.shape, 'float32', {
      depthRadius,
      bias,
      alpha,
      beta,
    });
  },
};
