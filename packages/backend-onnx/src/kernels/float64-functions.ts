/**
 * Functions that lose digits in float32, or that ONNX has for other numbers only: computed in float64, as JavaScript does it for
 * tfjs's cpu backend.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Emission } from '../graph/emission.js';
import { onnxType } from '../graph/onnx-model.js';
import { type KernelTable, required } from '../tfjs/kernel.js';
import { elementwise } from './elementwise.js';
import { toInt32, widen, wideScalar } from './wide-numbers.js';

const none: Record<string, never> = {};

/** Below this the first three terms of a series are exact to float32's digits, above it float64's 1 + x is. */
const small = 2 ** -10;

/** x + second x^2 + third x^3 where |x| is small, else `large`. */
function series(graph: Emission, x: string, second: number, third: number, large: string): string {
  const constant = (value: number) => wideScalar(graph, value);
  const inner = graph.op('Add', [constant(second), graph.op('Mul', [x, constant(third)])]);
  const sum = graph.op('Add', [x, graph.op('Mul', [graph.op('Mul', [x, x]), inner])]);
  return graph.op('Where', [graph.op('Less', [graph.op('Abs', [x]), constant(small)]), sum, large]);
}

function expm1(graph: Emission, x: string): string {
  return series(graph, x, 1 / 2, 1 / 6, graph.op('Sub', [graph.op('Exp', [x]), wideScalar(graph, 1)]));
}

function log1p(graph: Emission, x: string): string {
  return series(graph, x, -1 / 2, 1 / 3, graph.op('Log', [graph.op('Add', [x, wideScalar(graph, 1)])]));
}

/** log(1 + exp(x)), which is x or exp(x) where the other term is too small to be seen in float32. */
function softplus(graph: Emission, x: string): string {
  const exp = graph.op('Exp', [x]);
  const middle = graph.op('Log', [graph.op('Add', [exp, wideScalar(graph, 1)])]);
  const low = graph.op('Where', [graph.op('Less', [x, wideScalar(graph, -18)]), exp, middle]);
  return graph.op('Where', [graph.op('Greater', [x, wideScalar(graph, 18)]), x, low]);
}

function wideFunction(name: string, f: (graph: Emission, x: string) => string): KernelTable[string] {
  const operation = elementwise(name, (graph, [x]) =>
    graph.op('Cast', [f(graph, widen(graph, x))], { to: onnxType.float32 }),
  );
  return (backend, inputs) => {
    const x = required(inputs, 'x');
    return x.dtype === 'float32' ? backend.record(operation, [x], x.shape, 'float32', none) : null;
  };
}

/** floor(a / b), an int32 for floats, too, as on tfjs's cpu backend. */
const floorDiv = elementwise('FloorDiv', (graph, [a, b]) =>
  toInt32(graph, graph.op('Floor', [graph.op('Div', [widen(graph, a), widen(graph, b)])])),
);

const power = elementwise('Pow', (graph, [a, b], _, { dtype }) =>
  dtype === 'int32' ? toInt32(graph, graph.op('Pow', [widen(graph, a), widen(graph, b)])) : graph.op('Pow', [a, b]),
);

export const float64Kernels: KernelTable = {
  Expm1: wideFunction('Expm1', expm1),
  Log1p: wideFunction('Log1p', log1p),
  Softplus: wideFunction('Softplus', softplus),
  FloorDiv: (backend, inputs) => {
    const [a, b] = [required(inputs, 'a'), required(inputs, 'b')];
    if (a.dtype !== b.dtype || a.dtype === 'bool') return null;
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    return backend.record(floorDiv, [a, b], shape, 'int32', none);
  },
  Pow: (backend, inputs) => {
    const [a, b] = [required(inputs, 'a'), required(inputs, 'b')];
    if (a.dtype !== b.dtype || a.dtype === 'bool') return null;
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    return backend.record(power, [a, b], shape, a.dtype, none);
  },
};
