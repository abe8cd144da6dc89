/**
 * Builds one ONNX graph from recorded nodes: names, initializers, common subexpressions, and each value in the layouts in which
 * it has been asked for.
 */

import { at } from './at.js';
import { Initializers } from './initializers.js';
import { keepsOrder, type Layout, permutation, physicalShape, relayout } from './layout.js';
import type { LazyNode } from './node.js';
import {
  type AttributeValue,
  attributeProto,
  type GraphProto,
  type NodeProto,
  type OnnxType,
  onnxType,
} from './onnx-model.js';
import { sizeOf } from './shape.js';

/** What a graph may have to do without, because its runtime or device does not have it. */
export type GraphFeature =
  | 'backwardSlice'
  | 'blockedConvolution'
  | 'everyConvolution'
  | 'fusedMatMul'
  | 'isNaN'
  | 'localResponseNormalization'
  | 'poolIndices'
  | 'wideSplit';

/** Parts of a split that every device of WebGPU can write at once: 8 buffers, one of which is the input. */
const fewParts = 7;

export interface GraphOptions {
  /** Channels side by side in the runtime's blocked convolution kernels, 0 where it has none. */
  readonly block: number;
  /** Default: nothing. */
  readonly without?: ReadonlySet<GraphFeature>;
  /**
   * For files that other runtimes read, too: operators of ONNX alone, and the values of leaves inside, each in the layout in which
   * it is read.
   */
  readonly portable?: boolean;
  /** The version of ONNX's operators. Default 17. */
  readonly opset?: number;
}

/** The value that a node repeats along axes of size 1, or null where it does something else. */
function repeatedValue(node: LazyNode): LazyNode | null {
  const [source] = node.inputs;
  if (node.name !== 'Tile' || node.value !== null || source === undefined) return null;
  return source.shape.every((extent, axis) => extent === 1 || extent === node.shape[axis]) ? source : null;
}

export class GraphBuilder {
  private readonly nodes: NodeProto[] = [];
  private readonly initializers = new Initializers((prefix) => `${prefix}${this.fresh++}`);
  private readonly expressions = new Map<string, readonly string[]>();
  /** The names of each recorded node's value, by layout; the first entry is the layout in which it was made. */
  private readonly names = new Map<LazyNode, Map<Layout, string>>();
  private readonly users = new Map<LazyNode, LazyNode[]>();
  /** Values that were transposed on demand, and to what. */
  private readonly transposed = new Map<LazyNode, Layout>();
  /** What a reshape was made from: a reshape of a reshape is one of the first value. */
  private readonly reshaped = new Map<string, string>();
  private fresh = 0;
  private current = '';

  private readonly wanted: ReadonlySet<LazyNode>;

  /**
   * @param order the nodes that will be emitted, inputs before users
   * @param roots those whose values somebody has asked for
   */
  constructor(
    order: readonly LazyNode[],
    readonly options: GraphOptions,
    roots: readonly LazyNode[] = [],
  ) {
    this.wanted = new Set(roots);
    for (const node of order)
      for (const input of node.inputs) {
        const users = this.users.get(input);
        if (users) users.push(node);
        else this.users.set(input, [node]);
      }
  }

  /** Whether what the graph is for can do this. */
  can(feature: GraphFeature): boolean {
    return this.options.without?.has(feature) !== true;
  }

  /** How many recorded nodes read this one, and one more where its value is asked for. */
  usesOf(node: LazyNode): number {
    return (this.users.get(node)?.length ?? 0) + (this.wanted.has(node) ? 1 : 0);
  }

  /** The recorded node of this name that reads this one, or null. It may be emitted only later. */
  userOf(node: LazyNode, name: string): LazyNode | null {
    return this.users.get(node)?.find((user) => user.name === name) ?? null;
  }

  /** Emits a recorded node; `label` names its ONNX nodes, for error messages and Netron. */
  emit(node: LazyNode, label: string): void {
    this.current = label;
    node.emit(this);
  }

  /** Adds an ONNX node of one output, or finds the equal one that is there already. */
  op(type: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}, domain = ''): string {
    return at(this.ops(type, inputs, 1, attributes, domain), 0);
  }

  /** Adds an ONNX node of several outputs. */
  ops(
    type: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, AttributeValue> = {},
    domain = '',
  ): readonly string[] {
    const key = `${domain}|${type}|${inputs.join()}|${JSON.stringify(attributes)}|${outputs}`;
    const known = this.expressions.get(key);
    if (known) return known;
    const output = Array.from({ length: outputs }, () => `v${this.fresh++}`);
    this.nodes.push({
      opType: type,
      input: [...inputs],
      output: [...output],
      name: `${this.current}/${at(output, 0)}`,
      domain,
      attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
    });
    this.expressions.set(key, output);
    return output;
  }

  /** An initializer; an equal one that is there already is returned instead. */
  tensor(type: OnnxType, values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.initializers.tensor(type, values, dims);
  }

  ints(values: readonly number[]): string {
    return this.tensor('int64', values);
  }

  scalar(type: OnnxType, value: number): string {
    return this.tensor(type, [value], []);
  }

  /**
   * An initializer whose bytes are given, such as a frozen weight.
   * @param rawData the bytes, or what makes them when the graph is encoded: a graph may be thrown away before
   */
  weight(type: OnnxType, dims: readonly number[], rawData: Uint8Array | (() => Uint8Array)): string {
    return this.initializers.weight(type, dims, rawData);
  }

  /** What makes the values of a leaf that becomes a part of the graph; null for other nodes, and where leaves are inputs. */
  valuesOf(node: LazyNode, layout: Layout = 'plain'): (() => Float32Array) | null {
    const { value, shape } = node;
    if (this.options.portable !== true || !(value?.data instanceof Float32Array)) return null;
    const { data, layout: stored } = value;
    return () => relayout(data, shape, stored, layout);
  }

  /** A leaf's value as an initializer. */
  private embed(node: LazyNode, layout: Layout): string {
    const { value, dtype } = node;
    if (value === null || Array.isArray(value.data) || (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool'))
      throw new Error(`a constant of type ${dtype} has no place in a graph`);
    const { data, layout: stored } = value;
    const name = this.weight(dtype, physicalShape(node.shape, layout), () => {
      const { buffer, byteOffset, byteLength } = relayout(data, node.shape, stored, layout);
      return new Uint8Array(buffer, byteOffset, byteLength);
    });
    this.set(node, layout, name);
    return name;
  }

  /** The parts of a value along an axis. A shader of WebGPU may write to few tensors at once: many parts are slices there. */
  split(name: string, sizes: readonly number[], axis: number): readonly string[] {
    if (sizes.length <= fewParts || this.can('wideSplit'))
      return this.ops('Split', [name, this.ints(sizes)], sizes.length, { axis });
    let start = 0;
    return sizes.map((size) => {
      const range = [this.ints([start]), this.ints([start + size]), this.ints([axis])];
      start += size;
      return this.op('Slice', [name, ...range]);
    });
  }

  /** A reduction: where its axes stand depends on operator and version. */
  reduce(type: string, input: string, axes: readonly number[], keepdims: number): string {
    return type === 'ReduceSum' || (this.options.opset ?? 17) >= 18
      ? this.op(type, [input, this.ints(axes)], { keepdims })
      : this.op(type, [input], { axes, keepdims });
  }

  reshape(name: string, shape: readonly number[]): string {
    // Runtimes that read a file need not fold the reshape of a constant.
    const weight = this.options.portable === true ? this.initializers.reshaped(name, shape) : null;
    if (weight !== null) return weight;
    const source = this.reshaped.get(name) ?? name;
    // 0 means "as the input" unless allowzero is set.
    const result = this.op('Reshape', [source, this.ints(shape)], shape.includes(0) ? { allowzero: 1 } : {});
    this.reshaped.set(result, source);
    return result;
  }

  /** Says what a node's value is called. */
  set(node: LazyNode, layout: Layout, name: string): void {
    const layouts = this.names.get(node);
    if (layouts) layouts.set(layout, name);
    else this.names.set(node, new Map([[layout, name]]));
  }

  isEmitted(node: LazyNode): boolean {
    return this.names.has(node);
  }

  /** The layout in which a value was made; `plain` for values of a rank other than 4. */
  layoutOf(node: LazyNode): Layout {
    const first = this.names.get(node)?.keys().next();
    return first && !first.done ? first.value : 'plain';
  }

  /** Whether the value is there in this layout without a transposition. */
  has(node: LazyNode, layout: Layout): boolean {
    return this.names.get(node)?.has(layout) ?? false;
  }

  /** The value's name in a layout; transposed where it is not there yet. */
  get(node: LazyNode, layout: Layout = 'plain'): string {
    const layouts = this.names.get(node);
    const known = layouts?.get(layout);
    if (known !== undefined) return known;
    if (this.options.portable === true && node.value !== null) return this.embed(node, layout);
    if (!layouts) throw new Error(`${node.name} is used before it is emitted`);
    const from = this.layoutOf(node);
    const perm = permutation(from, layout);
    const source = layouts.get(from) ?? '';
    const name = keepsOrder(physicalShape(node.shape, from), perm)
      ? this.reshape(source, physicalShape(node.shape, layout))
      : this.op('Transpose', [source], { perm });
    layouts.set(layout, name);
    if (layout !== 'plain') this.transposed.set(node, layout);
    return name;
  }

  /**
   * Leaves in plain layout that would save a transposition if they were stored as OIHW filters: those that were transposed
   * themselves, and those that reach a transposition through element-wise operations, such as an optimizer's moments.
   */
  filtersToRelayout(order: readonly LazyNode[]): Set<LazyNode> {
    const wanted = new Set<LazyNode>();
    for (const [node, layout] of this.transposed) if (layout === 'filtersFirst') wanted.add(node);
    for (const node of order.toReversed()) {
      if (!wanted.has(node) || !node.elementwise) continue;
      for (const input of node.inputs) if (input.shape.length === 4) wanted.add(input);
    }
    return new Set([...wanted].filter((node) => node.value?.layout === 'plain'));
  }

  /** The value's name in the layout in which it was made. */
  native(node: LazyNode): { name: string; layout: Layout } {
    const layout = this.layoutOf(node);
    return { name: this.get(node, layout), layout };
  }

  /**
   * The operands of an element-wise node. One that only repeats its values along axes of size 1 stays small where the others give
   * the result's shape: ONNX broadcasts by itself.
   */
  operands(node: LazyNode, layout: Layout): string[] {
    const small = node.inputs.map((input) => repeatedValue(input) ?? input);
    const rank = node.shape.length;
    const fits = node.shape.every((extent, axis) =>
      small.some(({ shape }) => (shape[axis - rank + shape.length] ?? 1) === extent),
    );
    return (fits ? small : node.inputs).map((input) => this.operand(input, layout));
  }

  /** A value of at most rank 4 as an operand that broadcasts against one of rank 4 in a layout. */
  operand(node: LazyNode, layout: Layout): string {
    if (layout === 'plain' || node.shape.length === 4) return this.get(node, layout);
    const name = this.get(node);
    // Of rank 4, too: against axes of size 1 at the end, as 1x1 filters have, onnxruntime takes ten times as long for a rank 0.
    if (sizeOf(node.shape) === 1) return this.reshape(name, [1, 1, 1, 1]);
    const shape = [1, 1, 1, 1, ...node.shape].slice(-4);
    const physical = physicalShape(shape, layout);
    const perm = permutation('plain', layout);
    if (keepsOrder(shape, perm)) return this.reshape(name, physical);
    return this.op('Transpose', [this.reshape(name, shape)], { perm });
  }

  /**
   * The finished graph.
   * @param inputs the graph's inputs: a name, and the value that it stands for
   * @param results for each wanted result its name in the graph
   * @returns the graph, the names of its outputs (one a result), and the inputs that are really used
   */
  finish(
    inputs: readonly { name: string; type: OnnxType; shape: readonly number[] }[],
    results: readonly { name: string; type: OnnxType; shape: readonly number[] }[],
  ): { graph: GraphProto; outputs: string[]; used: Set<string>; domains: string[] } {
    const made = new Set(this.nodes.flatMap((node) => node.output));
    const taken = new Set<string>();
    const outputs = results.map(({ name }) => {
      // An output has to be a node's own and may be named once: what is passed through or wanted twice is copied.
      let output = name;
      if (!made.has(name) || taken.has(name)) {
        output = `v${this.fresh++}`;
        this.nodes.push({
          opType: 'Identity',
          input: [name],
          output: [output],
          name: `Identity/${output}`,
          domain: '',
          attribute: [],
        });
      }
      taken.add(output);
      return output;
    });
    const used = new Set(outputs);
    const nodes: NodeProto[] = [];
    for (const node of this.nodes.toReversed()) {
      if (!node.output.some((name) => used.has(name))) continue;
      nodes.push(node);
      for (const name of node.input) used.add(name);
    }
    const valueInfo = ({ type, shape }: { type: OnnxType; shape: readonly number[] }, name: string) => ({
      name,
      type: { tensorType: { elemType: onnxType[type], shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
    });
    const graph: GraphProto = {
      name: 'cnnzoo',
      node: nodes.reverse(),
      initializer: this.initializers.named(used),
      input: inputs.filter(({ name }) => used.has(name)).map((input) => valueInfo(input, input.name)),
      output: results.map((result, i) => valueInfo(result, at(outputs, i))),
    };
    return {
      graph,
      outputs,
      used,
      domains: [...new Set(nodes.map(({ domain }) => domain))].filter((domain) => domain !== ''),
    };
  }
}
