/** The activations that tfjs fuses into convolutions and dense layers. */
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { Emission } from '../graph/emission.js';

export type Activation = 'linear' | 'relu' | 'relu6' | 'elu' | 'prelu' | 'leakyrelu' | 'sigmoid';

/** 1 where x > 0, else 0, in one pass: clip(largest float * x, 0, 1). */
export function unitStep(graph: Emission, x: string): string {
  return graph.op('HardSigmoid', [x], { alpha: { float: 3.4e38 }, beta: { float: 0 } });
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
      return graph.op('Elu', [x]);
    case 'sigmoid':
      return graph.op('Sigmoid', [x]);
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
