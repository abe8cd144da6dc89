/**
 * Masks of dropout as whole numbers of a graph, bit for bit those of @cnnzoo/blocks' dropout: element i of mask n is dropped where
 *
 *   mix(mix(i) ^ mix(mix(n) ^ seed)) + 2^31 modulo 2^32 < rate 2^32
 *
 * with lowbias32 as `mix`. Only recorded steps have them: n is an input of their graph, and the same file then gives the same masks on
 * every runtime, which ONNX's own random operators do not. Numbers are int64 below 2^32, so that no product overflows.
 */
import type { Emission } from '../graph/emission.js';
import { onnxType } from '../graph/onnx-model.js';
import type { Operation } from '../graph/operation.js';
import { sizeOf } from '../graph/shape.js';
import { type KernelTable, required } from '../tfjs/kernel.js';

const words = 2 ** 32;

/** The remainder of division by 2^32. */
function low(graph: Emission, x: string): string {
  return graph.op('BitwiseAnd', [x, graph.ints([words - 1])]);
}

function xor(graph: Emission, a: string, b: string): string {
  return graph.op('BitwiseXor', [a, b]);
}

function xorShifted(graph: Emission, x: string, digits: number): string {
  return xor(graph, x, graph.op('Div', [x, graph.ints([2 ** digits])]));
}

/** x factor modulo 2^32, in two halves of the factor. */
function product(graph: Emission, x: string, factor: number): string {
  const half = 2 ** 16;
  const times = (a: string, b: number) => graph.op('Mul', [a, graph.ints([b])]);
  const upper = times(graph.op('BitwiseAnd', [times(x, Math.floor(factor / half)), graph.ints([half - 1])]), half);
  return low(graph, graph.op('Add', [times(x, factor % half), upper]));
}

/** lowbias32. */
function mix(graph: Emission, x: string): string {
  const once = product(graph, xorShifted(graph, x, 16), 0x7feb352d);
  return xorShifted(graph, product(graph, xorShifted(graph, once, 15), 0x846ca68b), 16);
}

interface MaskAttributes {
  readonly [name: string]: number;
  readonly rate: number;
  /** The layer's, from 0 to 2^32 - 1. */
  readonly seed: number;
  /** Added to n: a layer may have drawn more masks than others. */
  readonly ahead: number;
}

const dropoutMask: Operation<MaskAttributes> = {
  name: 'DropoutMask',
  emit(graph, node, { rate, seed, ahead }) {
    const [drawn] = node.inputs;
    if (drawn === undefined) throw new Error('DropoutMask has no number of the mask');
    const number = graph.reshape(graph.op('Cast', [graph.get(drawn)], { to: onnxType.int64 }), [1]);
    const own = mix(graph, low(graph, graph.op('Add', [number, graph.ints([ahead])])));
    const stream = mix(graph, xor(graph, own, graph.ints([seed])));
    const [first, end, step] = [0, sizeOf(node.shape), 1].map((value) => graph.scalar('int64', value));
    const index = graph.op('Range', [first as string, end as string, step as string]);
    const random = mix(graph, xor(graph, mix(graph, index), stream));
    const shifted = low(graph, graph.op('Add', [random, graph.ints([words / 2])]));
    const drops = graph.op('Less', [shifted, graph.ints([Math.ceil(rate * words)])]);
    const mask = graph.op('Where', [drops, graph.scalar('float32', 0), graph.scalar('float32', 1 / (1 - rate))]);
    graph.set(node, 'plain', graph.reshape(mask, node.shape));
  },
};

/** `drawn`: int32 scalar, how many masks came before; attributes rate, seed, ahead and the mask's shape. */
export const dropoutMaskKernels: KernelTable = {
  DropoutMask: (backend, inputs, attributes) => {
    const { shape, ...others } = attributes as { shape: number[] } & MaskAttributes;
    return backend.record(dropoutMask, [required(inputs, 'drawn')], shape, 'float32', others as MaskAttributes);
  },
};
