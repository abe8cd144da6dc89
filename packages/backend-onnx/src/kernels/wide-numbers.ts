/** Numbers of JavaScript, which are float64, within graphs: what tfjs's cpu backend computes with before it rounds. */
import type { Emission } from '../graph/emission.js';
import { onnxType } from '../graph/onnx-model.js';

/** A value as float64. */
export function widen(graph: Emission, x: string): string {
  return graph.op('Cast', [x], { to: onnxType.float64 });
}

/** A constant that float32 holds exactly, as float64. */
export function wideScalar(graph: Emission, value: number): string {
  return widen(graph, graph.scalar('float32', value));
}

/**
 * A number of float64 as int32: rounded towards 0, modulo 2^32 as in JavaScript; 0 for what is not finite. The remainder is taken in
 * float64: casts by way of int64 are one cast for onnxruntime's optimizer, which ends at the largest int32.
 */
export function toInt32(graph: Emission, x: string): string {
  const finite = graph.op('Less', [graph.op('Abs', [x]), wideScalar(graph, Infinity)]);
  const number = graph.op('Where', [finite, x, wideScalar(graph, 0)]);
  const all = wideScalar(graph, 2 ** 32);
  const turns = graph.op('Floor', [graph.op('Div', [graph.op('Add', [number, wideScalar(graph, 2 ** 31)]), all])]);
  return graph.op('Cast', [graph.op('Sub', [number, graph.op('Mul', [turns, all])])], { to: onnxType.int32 });
}

/**
 * Whether whole numbers are to be JavaScript's to the last one: on the processor. Devices would have to come to the processor for it,
 * and a file that others run says what is meant in one node.
 */
export function exactIntegers(graph: Emission): boolean {
  return graph.options.portable !== true && graph.can('isNaN');
}
