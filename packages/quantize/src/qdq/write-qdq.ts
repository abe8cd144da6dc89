/** A graph with QuantizeLinear and DequantizeLinear around what is computed with integers, and its weights as integers. Names are onnxruntime's. */
import { attributeProto, type GraphProto, type NodeProto } from '@cnnzoo/onnx-format';
import {
  floatAttribute,
  type Graph,
  isOutput,
  makersOf,
  node,
  removeUnused,
  replaceMade,
  replaceReads,
} from '../graph/graph.js';
import { float32Tensor, floatsOf, integerTensor } from '../graph/tensors.js';
import type { Plan } from './plan.js';
import { type QuantizedTensor, quantizeBias, quantizeConstant, quantizeWeights } from './quantized-weights.js';
import { activationRange, type IntegerRange, type Scale, weightRanges } from './scale.js';
import { constantOf, providerOf, scaleOfValue, scalesOfWeights } from './scales-of-plan.js';

/** How many bits weights have: 8, or 7 for processors whose sums saturate. */
export type WeightBits = keyof typeof weightRanges;

/**
 * @param graph of which the plan is; it is changed
 * @param scales of the values that have their own
 */
export function writeQdq(graph: Graph, plan: Plan, scales: ReadonlyMap<string, Scale>, bits: WeightBits): GraphProto {
  for (const [removed, { from, to }] of plan.removed) {
    graph.nodes = graph.nodes.filter((each) => each !== removed);
    replaceMade(graph, from, to);
  }
  const writer = new QdqWriter(graph, plan, scales, weightRanges[bits], constantRange(bits));
  writer.writeConstants();
  writer.writeActivations();
  graph.nodes = inOrder(graph);
  removeUnused(graph);
  return {
    name: 'quantized',
    node: graph.nodes,
    initializer: [...graph.constants.values()],
    input: graph.inputs,
    output: graph.outputs,
  };
}

const constantRange = (bits: WeightBits): IntegerRange =>
  bits === 'int7' ? { ...activationRange, most: 127 } : activationRange;

class QdqWriter {
  readonly #graph: Graph;
  readonly #plan: Plan;
  readonly #scales: ReadonlyMap<string, Scale>;
  readonly #weights: IntegerRange;
  readonly #constants: IntegerRange;

  constructor(
    graph: Graph,
    plan: Plan,
    scales: ReadonlyMap<string, Scale>,
    weights: IntegerRange,
    constants: IntegerRange,
  ) {
    this.#graph = graph;
    this.#plan = plan;
    this.#scales = scales;
    this.#weights = weights;
    this.#constants = constants;
  }

  writeConstants(): void {
    const { weights, biases } = this.#plan;
    const scalesOf = scalesOfWeights(this.#graph, this.#plan, this.#scales, this.#weights);
    for (const { node: reader, name, input, weight } of biases) {
      const beta = reader.opType === 'Gemm' ? floatAttribute(reader, 'beta', 1) : 1;
      const { dims } = constantOf(this.#graph, name);
      const bias = quantizeBias(this.#floats(name), dims, this.#scaleOf(input), scalesOf.get(weight) ?? [], beta);
      // Of a bias that two nodes read, each has its own: its scale follows the node's input.
      const own = `${name}${biases.filter((each) => each.name === name).length > 1 ? `_${reader.name}` : ''}`;
      reader.input = [...reader.input.slice(0, 2), this.#dequantized(own, bias, `${own}_quantized_`)];
      if (reader.opType === 'Gemm') reader.attribute = reader.attribute.filter((each) => each.name !== 'beta');
    }
    for (const [name, { axis, isWeight }] of weights) {
      const tensor = constantOf(this.#graph, name);
      const quantized = isWeight
        ? quantizeWeights(tensor, axis, scalesOf.get(name) ?? [])
        : quantizeConstant(tensor, this.#constants);
      replaceReads(this.#graph, name, this.#dequantized(name, quantized, `${name}_`));
    }
  }

  writeActivations(): void {
    const inFloat = madeInFloat(this.#graph, this.#plan);
    for (const name of this.#plan.activations.keys()) {
      const root = providerOf(this.#plan, name);
      const { scale, zeroPoint } = this.#scaleOf(name);
      const [scaleName, zeroPointName] = [`${root}_scale`, `${root}_zero_point`];
      this.#graph.constants.set(scaleName, float32Tensor(scaleName, [], Float32Array.of(scale)));
      this.#graph.constants.set(zeroPointName, integerTensor(zeroPointName, [], Uint8Array.of(zeroPoint)));
      const output = isOutput(this.#graph, name);
      const [from, to] = output ? [`${name}_QuantizeLinear_Input`, name] : [name, `${name}_DequantizeLinear_Output`];
      if (output) replaceMade(this.#graph, name, from);
      else replaceReads(this.#graph, name, to);
      const integers = `${name}_QuantizeLinear_Output`;
      const made = inFloat.has(name) ? `${name}_Float` : from;
      if (made !== from) this.#graph.nodes.push(node('Max', made, [from], [made]));
      this.#graph.nodes.push(
        node('QuantizeLinear', `${name}_QuantizeLinear`, [made, scaleName, zeroPointName], [integers]),
        node('DequantizeLinear', `${name}_DequantizeLinear`, [integers, scaleName, zeroPointName], [to]),
      );
    }
  }

  #scaleOf(name: string): Scale {
    return scaleOfValue(this.#plan, this.#scales, name);
  }

  #floats(name: string): Float32Array {
    return floatsOf(constantOf(this.#graph, name)) ?? new Float32Array();
  }

  /** @returns the name of the constant as floats again */
  #dequantized(name: string, { values, dims, scales, axis }: QuantizedTensor, prefix: string): string {
    const { constants, nodes } = this.#graph;
    const [integers, scaleName, zeroPointName] = [`${name}_quantized`, `${prefix}scale`, `${prefix}zero_point`];
    const shape = axis === null ? [] : [scales.length];
    const zeroPoints = scales.map(({ zeroPoint }) => zeroPoint);
    constants.set(integers, integerTensor(integers, dims, values));
    constants.set(
      scaleName,
      float32Tensor(
        scaleName,
        shape,
        Float32Array.from(scales, ({ scale }) => scale),
      ),
    );
    const ArrayOfSameType = values.constructor as typeof Int8Array;
    constants.set(zeroPointName, integerTensor(zeroPointName, shape, ArrayOfSameType.from(zeroPoints)));
    const output = `${name}_DequantizeLinear_Output`;
    const attributes = axis === null ? [] : [attributeProto('axis', axis)];
    nodes.push(
      node('DequantizeLinear', `${name}_DequantizeLinear`, [integers, scaleName, zeroPointName], [output], attributes),
    );
    return output;
  }
}

/** Layers whose weights onnxruntime quantizes itself, and what it looks through behind them. */
const weighted = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
const lookedThrough = new Set(['Relu', 'Clip', 'Add']);

/**
 * Values that a layer makes that stays in float, and that are quantized behind it. Where what such a layer reads and makes is quantized, onnxruntime quantizes its
 * weights itself, with one scale for all. So an operator stands between that changes nothing, and is none of those that onnxruntime looks through or
 * takes away: Max of one value.
 */
function madeInFloat(graph: Graph, { activations, nodes }: Plan): Set<string> {
  const makers = makersOf(graph);
  const ofIntegers = new Set(nodes);
  const isMade = (name: string): boolean => {
    const maker = makers.get(name);
    if (maker === undefined || ofIntegers.has(maker)) return false;
    if (weighted.has(maker.opType)) return true;
    return lookedThrough.has(maker.opType) && maker.input.some((input) => !activations.has(input) && isMade(input));
  };
  return new Set([...activations.keys()].filter(isMade));
}

/** Each node after those that make what it reads. */
function inOrder({ nodes, constants, inputs }: Graph): NodeProto[] {
  const makers = new Map(nodes.flatMap((each) => each.output.map((name) => [name, each] as const)));
  const known = new Set<string>(['', ...constants.keys(), ...inputs.map(({ name }) => name)]);
  const ordered: NodeProto[] = [];
  for (const first of nodes) {
    const pending = [first];
    for (let next = pending.at(-1); next !== undefined; next = pending.at(-1)) {
      const missing = next.input.filter((name) => !known.has(name)).flatMap((name) => makers.get(name) ?? []);
      if (missing.length > 0) pending.push(...missing);
      else {
        pending.pop();
        if (next.output.some((name) => !known.has(name))) ordered.push(next);
        for (const name of next.output) known.add(name);
      }
    }
  }
  return ordered;
}
