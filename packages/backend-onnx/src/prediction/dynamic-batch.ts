/**
 * A graph for any batch size from two that were emitted for different ones. Everything in which they differ is a number that
 * follows the batch: a reshape's axis becomes -1, other numbers are computed from the input's shape. Nothing is assumed of what the
 * nodes do, and where they differ in another way the model has no graph for all batch sizes.
 */

import { at } from '../graph/at.js';
import { isWeight } from '../graph/initializers.js';
import type { LazyNode } from '../graph/node.js';
import {
  type AttributeProto,
  attributeProto,
  type GraphProto,
  type NodeProto,
  onnxType,
  type TensorProto,
  type ValueInfoProto,
} from '../graph/onnx-model.js';
import type { EmittedPrediction } from './emit-prediction.js';

/**
 * Two primes. A number that is the same in both graphs is the network's own and stays, even where it equals one of these; what differs
 * follows the batch. Only where a layer's own size equals one of them do the graphs share other constants, and the export is refused:
 * products of sizes are no primes, and layers of a prime number of units above a thousand are rare.
 */
export const probeBatchSizes = [1021, 1031] as const;

const [first, second] = probeBatchSizes;

/** What the batch's axis is called. */
const batchName = 'batch';

/**
 * @param graphs the same prediction, emitted for the two `probeBatchSizes`
 * @throws RangeError naming layer and operation that depend on the batch size otherwise
 */
export function withDynamicBatch([one, other]: readonly [EmittedPrediction, EmittedPrediction]): GraphProto {
  const [a, b] = [one.graph, other.graph];
  compareLeaves(one, other);
  if (a.node.length !== b.node.length || a.initializer.length !== b.initializer.length)
    throw refusal('the model', 'the operations that it calls depend on it');
  a.node.forEach((node, i) => {
    compareNodes(node, b.node[i]);
  });
  a.initializer.forEach((tensor, i) => {
    if (tensor.name !== b.initializer[i]?.name) throw refusal('the model', 'its constants depend on it');
  });
  const numbers = new BatchNumbers(a);
  const counterparts = new Map(b.initializer.map((tensor) => [tensor.name, tensor]));
  const initializer: TensorProto[] = [];
  for (const tensor of a.initializer) {
    const counterpart = counterparts.get(tensor.name) ?? tensor;
    if (isSame(tensor, counterpart)) initializer.push(tensor);
    else numbers.replace(tensor, counterpart);
  }
  return {
    ...a,
    node: [...numbers.nodes, ...a.node],
    initializer: [...initializer, ...numbers.constants],
    input: a.input.map((input, i) => withSymbolicAxes(input, b.input[i])),
    output: a.output.map((output, i) => withSymbolicAxes(output, b.output[i])),
  };
}

function refusal(who: string, why: string): RangeError {
  return new RangeError(
    `batchSize is 'dynamic', but ${who} cannot be exported for any batch size: ${why}; give a number`,
  );
}

/** `layer/operation/value` as `layer 'layer' (operation)`. */
function describe({ name, opType }: NodeProto): string {
  const [operation = opType, ...layer] = name.split('/').slice(0, -1).reverse();
  return layer.length === 0 ? `operation ${operation}` : `${operation} of layer '${layer.reverse().join('/')}'`;
}

function compareNodes(a: NodeProto, b: NodeProto | undefined): void {
  const sameWiring = a.opType === b?.opType && a.input.join() === b.input.join() && a.output.join() === b.output.join();
  if (!sameWiring) throw refusal(describe(a), 'it is another operation for another batch size');
  const plain = (attributes: readonly AttributeProto[]) =>
    JSON.stringify(attributes.map(({ s, ...others }) => ({ ...others, s: s && [...s] })));
  if (plain(a.attribute) !== plain(b.attribute)) throw refusal(describe(a), 'its attributes depend on it');
}

/** Constants that the layers make must not depend on the batch size. */
function compareLeaves(one: EmittedPrediction, other: EmittedPrediction): void {
  for (const [i, leaf] of one.leaves.entries())
    if (!isSameLeaf(leaf, other.leaves[i])) throw refusal(one.readerOf(leaf), 'a constant that it reads depends on it');
}

/** Whether two recorded constants are equal, bit for bit. */
export function isSameLeaf(a: LazyNode, b: LazyNode | undefined): boolean {
  if (b === undefined || a.shape.join() !== b.shape.join() || a.dtype !== b.dtype) return false;
  const [left, right] = [a.value?.data, b.value?.data];
  if (left === right) return true;
  if (left === undefined || right === undefined || Array.isArray(left) || Array.isArray(right)) return false;
  return left.length === right.length && left.every((value, i) => Object.is(value, right[i]));
}

function integers({ rawData = new Uint8Array() }: TensorProto): number[] {
  const { buffer, byteOffset, byteLength } = rawData;
  return Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number);
}

/** Weights and layers' constants are compared as leaves already. */
function isSame(a: TensorProto, b: TensorProto): boolean {
  if (a.dataType !== b.dataType || a.dims.join() !== b.dims.join()) return false;
  return isWeight(a.name) || Buffer.compare(a.rawData ?? new Uint8Array(), b.rawData ?? new Uint8Array()) === 0;
}

/** Replaces constants that depend on the batch size. */
class BatchNumbers {
  /** They compute what replaces the constants, and come before all others. */
  readonly nodes: NodeProto[] = [];
  readonly constants: TensorProto[] = [];
  readonly #input: string;

  readonly #graph: GraphProto;

  constructor(graph: GraphProto) {
    this.#graph = graph;
    this.#input = at(graph.input, 0).name;
  }

  replace(a: TensorProto, b: TensorProto): void {
    const users = this.#graph.node.filter(({ input }) => input.includes(a.name));
    const [user] = users;
    const who = user === undefined ? 'the model' : describe(user);
    if (a.dataType !== onnxType.int64 || b.dataType !== onnxType.int64 || a.dims.length !== 1)
      throw refusal(who, 'a number in it depends on it');
    const [left, right] = [integers(a), integers(b)];
    if (left.length !== right.length) throw refusal(who, 'a shape in it depends on it');
    const slopes = left.map((value, i) => ((right[i] ?? 0) - value) / (second - first));
    const bases = left.map((value, i) => value - (slopes[i] ?? 0) * first);
    // A number for "to the end" or a computed one may be anything: only whole images are counted.
    if (slopes.some((slope) => !Number.isInteger(slope) || slope < 0))
      throw refusal(who, 'a number in it does not grow with it');
    const varying = slopes.filter((slope) => slope !== 0).length;
    const proportional = bases.every((base, i) => slopes[i] === 0 || base === 0);
    const isShape = users.every(({ opType, input }) => opType === 'Reshape' && input[1] === a.name);
    if (varying === 1 && proportional && isShape && !left.includes(-1))
      this.constants.push(
        this.#tensor(
          a.name,
          left.map((value, i) => (slopes[i] === 0 ? value : -1)),
        ),
      );
    else this.#compute(a.name, bases, slopes);
  }

  /** bases + slopes * batch */
  #compute(name: string, bases: readonly number[], slopes: readonly number[]): void {
    const named = (part: string) => `batch/${name}/${part}`;
    const [batch, base, slope, product] = [named('size'), named('base'), named('slope'), named('product')];
    const node = (opType: string, input: string[], output: string, attribute: AttributeProto[] = []) =>
      this.nodes.push({ opType, input, output: [output], name: `batch/${opType}/${output}`, domain: '', attribute });
    this.constants.push(this.#tensor(base, bases), this.#tensor(slope, slopes));
    node('Shape', [this.#input], batch, [attributeProto('start', 0), attributeProto('end', 1)]);
    node('Mul', [slope, batch], product);
    node('Add', [base, product], name);
  }

  #tensor(name: string, values: readonly number[]): TensorProto {
    const rawData = new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer);
    return { name, dims: [values.length], dataType: onnxType.int64, rawData };
  }
}

/** Axes that differ get a name: `batch`, or `batch*2` where there are two rows for an image. */
function withSymbolicAxes(a: ValueInfoProto, b: ValueInfoProto | undefined): ValueInfoProto {
  const { elemType, shape } = a.type.tensorType;
  const dim = shape.dim.map((axis, i) => {
    const [left = 0, right = 0] = [axis.dimValue, b?.type.tensorType.shape.dim[i]?.dimValue];
    if (left === right) return axis;
    return { dimParam: left === first && right === second ? batchName : `${batchName}*${left / first}` };
  });
  return { name: a.name, type: { tensorType: { elemType, shape: { dim } } } };
}
