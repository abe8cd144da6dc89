/** Which values of a graph are quantized, as onnxruntime's QDQ quantizer chooses them. */
import type { NodeProto } from '@cnnzoo/onnx-format';
import { type Graph, intAttribute, isOutput, readersOf } from '../graph/graph.js';
import { floatsOf } from '../graph/tensors.js';

export interface Plan {
  /** Values that get a scale of their own, measured, and those that share another's. */
  readonly activations: ReadonlyMap<string, { readonly sharedWith: string | null }>;
  /** Constants, and the axis that has a scale for each index. Null for one scale. */
  readonly weights: ReadonlyMap<string, { readonly axis: number | null; readonly isWeight: boolean }>;
  readonly biases: readonly Bias[];
  /** ReLUs whose work the zero point before them does: their nodes go, and what was before them makes their output. */
  readonly removed: ReadonlyMap<NodeProto, { readonly from: string; readonly to: string }>;
  /** The nodes that compute with integers. */
  readonly nodes: readonly NodeProto[];
}

/** Of a convolution or product: its scale is that of the input times that of the weights. */
export interface Bias {
  readonly node: NodeProto;
  readonly name: string;
  readonly input: string;
  readonly weight: string;
}

/** Operators whose output has the numbers of their input, or some of them, or means: one scale for both. */
const sharesScale = new Set([
  ...['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten', 'MaxPool', 'AveragePool', 'Slice'],
]);
/** Operators with 8-bit kernels whose inputs and output have scales of their own. */
const ownScales = new Set(['Add', 'Mul', 'Concat', 'GlobalAveragePool', 'LeakyRelu', 'Sigmoid', 'Softmax']);

/** Operators of which nodes can be left in float. */
export const quantizable = new Set([
  ...sharesScale,
  ...ownScales,
  ...['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Relu', 'Clip', 'Pad'],
]);

/**
 * @param isExcluded nodes that stay in float
 * @param perChannel whether each output channel of weights has a scale of its own
 */
export function planQuantization(graph: Graph, isExcluded: (node: NodeProto) => boolean, perChannel: boolean): Plan {
  const activations = new Map<string, { sharedWith: string | null }>();
  const weights = new Map<string, { axis: number | null; isWeight: boolean }>();
  const biases: Bias[] = [];
  const removed = new Map<NodeProto, { from: string; to: string }>();
  const nodes: NodeProto[] = [];
  const readers = readersOf(graph);
  const integers = integerValues(graph);

  const isConstant = (name: string) => graph.constants.has(name);
  const isFloat = (name: string) => {
    const tensor = graph.constants.get(name);
    return name !== '' && (tensor === undefined ? !integers.has(name) : floatsOf(tensor) !== null);
  };
  const activation = (name: string, sharedWith: string | null = null) => {
    if (!isFloat(name)) return;
    if (isConstant(name)) {
      if (!weights.has(name)) weights.set(name, { axis: null, isWeight: false });
    } else if (sharedWith !== null || !activations.has(name)) activations.set(name, { sharedWith });
  };
  const weight = (name: string, axis: number) => {
    if (isConstant(name)) weights.set(name, { axis: perChannel ? axis : null, isWeight: true });
    else activation(name);
  };
  const bias = (node: NodeProto, name = '') => {
    const [input = '', weightName = ''] = node.input;
    if (isConstant(name) && isConstant(weightName)) biases.push({ node, name, input, weight: weightName });
  };
  /** Scores stay in float: nothing computes with them, and classes are compared by them. */
  const product = (name: string) => {
    if (!isOutput(graph, name)) activation(name);
  };

  for (const node of graph.nodes) {
    if (!quantizable.has(node.opType) || isExcluded(node) || node.domain !== '') continue;
    const [input = '', second = '', third] = node.input;
    const [output = ''] = node.output;
    const known = activations.has(input);
    if (sharesScale.has(node.opType)) {
      if (!known) continue;
      activation(output, input);
    } else if (ownScales.has(node.opType)) for (const name of [...node.input, output]) activation(name);
    else if (node.opType === 'Conv' || node.opType === 'ConvTranspose') {
      activation(input);
      activation(output);
      weight(second, node.opType === 'Conv' ? 0 : 1);
      bias(node, third);
    } else if (node.opType === 'Gemm' && third !== undefined && !isConstant(third)) continue;
    else if (node.opType === 'Gemm') {
      activation(input);
      product(output);
      weight(second, intAttribute(node, 'transB', 0) === 1 ? 0 : 1);
      bias(node, third);
    } else if (node.opType === 'MatMul') {
      for (const name of node.input) weight(name, 1);
      product(output);
    } else if (node.opType === 'Pad') {
      for (const name of node.input) activation(name);
      activation(output, padsWithZeros(graph, node) ? input : null);
    } else {
      if (!known) continue;
      const isOnlyReader = readers.get(input)?.length === 1 && !isOutput(graph, input);
      const isMade = graph.inputs.every(({ name }) => name !== input);
      if (isOnlyReader && isMade) {
        removed.set(node, { from: input, to: output });
        activations.delete(input);
      }
      activation(output);
    }
    nodes.push(node);
  }
  return { activations, weights, biases, removed, nodes };
}

function padsWithZeros(graph: Graph, node: NodeProto): boolean {
  const mode = node.attribute.find(({ name }) => name === 'mode')?.s;
  if (mode !== undefined && new TextDecoder().decode(mode) !== 'constant') return true;
  const [, , value = ''] = node.input;
  if (value === '') return true;
  const tensor = graph.constants.get(value);
  return tensor !== undefined && floatsOf(tensor)?.[0] === 0;
}

/** Values that are shapes and indices. */
function integerValues({ nodes, constants }: Graph): Set<string> {
  const found = new Set<string>();
  const isInteger = (name: string) => {
    const tensor = constants.get(name);
    return tensor === undefined ? found.has(name) : floatsOf(tensor) === null;
  };
  for (const { opType, input, output } of nodes) {
    const [first = ''] = input;
    if (opType === 'Shape' || opType === 'Size' || (input.length > 0 && isInteger(first))) found.add(output[0] ?? '');
  }
  return found;
}
