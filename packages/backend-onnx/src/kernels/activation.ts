/** The activations that tfjs fuses into convolutions and dense layers. */
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import { sizeOf } from '../graph/shape.js';

export type Activation = 'linear' | 'relu' | 'relu6' | 'elu' | 'prelu' | 'leakyrelu' | 'sigmoid';

/** 1 where x > 0, else 0, in one pass: clip(largest float * x, 0, 1). */
export function unitStep(graph: Emission, x: string): string {
  return graph.op('HardSigmoid', [x], { alpha: { float: 3.4e38 }, beta: { float: 0 } });
}

/** An image's numbers from which on a pass over them counts. */
const largeMap = 2 ** 14;

/**
 * Whether a prediction only multiplies a large map by this, as swish does, and computes further with the product. What follows adds up
 * numbers of which those that are nearly 0 make no digit, and four passes more over such maps took a network of swish 43 % longer.
 */
function weighsMap(graph: Emission, node: LazyNode): boolean {
  const size = sizeOf(node.shape);
  const user = graph.userOf(node, 'Multiply');
  return (
    graph.options.portable === true &&
    sizeOf(node.shape.slice(1)) >= largeMap &&
    graph.usesOf(node) === 1 &&
    user !== null &&
    !graph.isWanted(user) &&
    user.inputs.every(({ shape }) => sizeOf(shape) === size)
  );
}

/**
 * 1 / (1 + exp(-x)) to the last digits. onnxruntime's own Sigmoid is right to 2^-24, which is far from 0 where the result is near it:
 * sigmoid(x) = exp(min(x, 0)) sigmoid(|x|).
 */
export function sigmoid(graph: Emission, x: string, node?: LazyNode): string {
  if (node !== undefined && weighsMap(graph, node)) return graph.op('Sigmoid', [x]);
  const tail = graph.op('Exp', [graph.op('Min', [x, graph.scalar('float32', 0)])]);
  return graph.op('Mul', [tail, graph.op('Sigmoid', [graph.op('Abs', [x])])]);
}

/** exp(x) - 1 for x of at most 0, to the last digits: 2 t / (1 - t), t = tanh(x / 2). */
function negativeExpm1(graph: Emission, x: string): string {
  const t = graph.op('Tanh', [graph.op('Mul', [x, graph.scalar('float32', 0.5)])]);
  return graph.op('Div', [graph.op('Add', [t, t]), graph.op('Sub', [graph.scalar('float32', 1), t])]);
}

/** positive * x where x is at least 0, else negative * (exp(x) - 1), of which onnxruntime's Elu loses the digits near 0. */
function linearUnit(graph: Emission, x: string, positive: number, negative: number): string {
  const zero = graph.scalar('float32', 0);
  const scaled = (name: string, factor: number) =>
    factor === 1 ? name : graph.op('Mul', [name, graph.scalar('float32', factor)]);
  const below = negativeExpm1(graph, graph.op('Min', [x, zero]));
  return graph.op('Add', [scaled(graph.op('Max', [x, zero]), positive), scaled(below, negative)]);
}

export function elu(graph: Emission, x: string): string {
  return linearUnit(graph, x, 1, 1);
}

const seluScale = 1.0507009873554805;
const seluScaleAlpha = 1.7580993408473768;

export function selu(graph: Emission, x: string): string {
  return linearUnit(graph, x, seluScale, seluScaleAlpha);
}

/** The fused activation of a kernel call. */
export function activationOf(attributes: NamedAttrMap): Activation {
  return (attributes['activation'] as Activation | null | undefined) ?? 'linear';
}

/**
 * @param x name of the values
 * @param options.alpha slope of leaky ReLU
 * @param options.weights name of PReLU's slopes, which broadcast to x in its layout
 */
export function activate(
  graph: Emission,
  activation: Activation,
  x: string,
  options: { alpha: number; weights: string | null },
): string {
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return graph.op('Relu', [x]);
    case 'relu6':
      return graph.op('Clip', [x, graph.scalar('float32', 0), graph.scalar('float32', 6)]);
    case 'elu':
      return elu(graph, x);
    case 'sigmoid':
      return sigmoid(graph, x);
    case 'leakyrelu':
      return graph.op('LeakyRelu', [x], { alpha: { float: options.alpha } });
    case 'prelu':
      if (options.weights === null) throw new Error('prelu without its weights');
      return graph.op('Where', [
        graph.op('Less', [x, graph.scalar('float32', 0)]),
        graph.op('Mul', [x, options.weights]),
        x,
      ]);
  }
}
