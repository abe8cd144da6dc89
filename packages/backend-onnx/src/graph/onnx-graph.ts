/** An ONNX graph that is being written: operators, constants and common subexpressions. It knows nothing of recorded nodes. */
import { at } from './at.js';
import { Initializers } from './initializers.js';
import { type AttributeValue, attributeProto, type GraphProto, type OnnxType, onnxType } from './onnx-model.js';

/** What a graph may have to do without, because its runtime or device does not have it. */
export type GraphFeature =
  | 'backwardSlice'
  | 'blockedConvolution'
  | 'broadcastBools'
  | 'checkedIndices'
  | 'everyConvolution'
  | 'fusedMatMul'
  | 'isNaN'
  | 'localResponseNormalization'
  | 'negativeAsinh'
  | 'poolIndices'
  | 'wideSplit';

/** Parts of a split that every device of WebGPU can write at once: 8 buffers, one of which is the input. */
const fewParts = 7;

/** From this version of the operators on the axes of every reduction are an input. Those of ReduceSum always are. */
const axesAreInputs = 18;

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

type NodeAttributes = Readonly<Record<string, AttributeValue>>;

const noAttributes: NodeAttributes = {};

/** An ONNX node. */
export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: NodeAttributes;
  readonly domain: string;
  /** For error messages and Netron. */
  readonly name: string;
}

/** An input or a wanted result: its name in the graph, and what it is. */
export interface GraphValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
}

export interface FinishedGraph {
  readonly graph: GraphProto;
  /** The names of the graph's outputs, one a result. */
  readonly outputs: readonly string[];
  /** The names of inputs that are really used, among others. */
  readonly used: ReadonlySet<string>;
  /** Operator sets besides ONNX's own. */
  readonly domains: readonly string[];
}

export class OnnxGraph {
  readonly #nodes: OnnxNode[] = [];
  /** Nodes that stand before the others. */
  readonly #first: OnnxNode[] = [];
  /** The node that makes a value, by the value's name. */
  readonly #makers = new Map<string, OnnxNode>();
  readonly #initializers = new Initializers((prefix) => `${prefix}${this.#fresh++}`);
  readonly #expressions = new Map<string, OnnxNode>();
  /** What a reshape was made from: a reshape of a reshape is one of the first value. */
  readonly #reshaped = new Map<string, string>();
  #fresh = 0;
  #label = '';

  constructor(readonly options: GraphOptions) {}

  /** Whether what the graph is for can do this. */
  can(feature: GraphFeature): boolean {
    return this.options.without?.has(feature) !== true;
  }

  /** Names the nodes that follow, for error messages and Netron. */
  label(label: string): void {
    this.#label = label;
  }

  /** Adds an ONNX node of one output, or finds the equal one that is there already. */
  op(type: string, inputs: readonly string[], attributes: NodeAttributes = noAttributes, domain = ''): string {
    return this.simplified(type, inputs) ?? at(this.ops(type, inputs, 1, attributes, domain), 0);
  }

  /** Adds an ONNX node of several outputs. */
  ops(
    type: string,
    inputs: readonly string[],
    outputs: number,
    attributes: NodeAttributes = noAttributes,
    domain = '',
  ): readonly string[] {
    const settings = attributes === noAttributes ? '' : JSON.stringify(attributes);
    const key = `${domain}|${type}|${inputs.join()}|${settings}|${outputs}`;
    const known = this.#expressions.get(key);
    if (known) return known.outputs;
    const names = Array.from({ length: outputs }, () => `v${this.#fresh++}`);
    const name = `${this.#label}/${at(names, 0)}`;
    const node = { type, inputs: [...inputs], outputs: names, attributes, domain, name };
    this.#add(node);
    this.#expressions.set(key, node);
    return names;
  }

  #add(node: OnnxNode): void {
    this.#nodes.push(node);
    for (const output of node.outputs) this.#makers.set(output, node);
  }

  /** The value that a node would only pass on, or null. */
  protected simplified(_type: string, _inputs: readonly string[]): string | null {
    return null;
  }

  /** The node that makes a value; null for inputs and constants. */
  madeBy(name: string): OnnxNode | null {
    return this.#makers.get(name) ?? null;
  }

  /**
   * Makes what was made from an input an input, and has a node before all others make the old input from it.
   * @param old name of an input, which stays the name of its value
   * @param made name of what becomes an input, or null where nothing was made of the old one
   * @param back the node that makes the old input from the new one
   * @returns the name of the new input
   */
  protected exchangeInput(
    old: string,
    made: string | null,
    back: (input: string) => Pick<OnnxNode, 'type' | 'inputs' | 'attributes'>,
  ): string {
    const input = made ?? `v${this.#fresh++}`;
    this.#makers.delete(input);
    this.#reshaped.delete(input);
    const node = { ...back(input), outputs: [old], domain: '', name: `Input/${old}` };
    this.#makers.set(old, node);
    this.#first.push(node);
    return input;
  }

  /** An initializer; an equal one that is there already is returned instead. */
  tensor(type: OnnxType, values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.#initializers.tensor(type, values, dims);
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
    return this.#initializers.weight(type, dims, rawData);
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
    return type === 'ReduceSum' || (this.options.opset ?? 17) >= axesAreInputs
      ? this.op(type, [input, this.ints(axes)], { keepdims })
      : this.op(type, [input], { axes, keepdims });
  }

  reshape(name: string, shape: readonly number[]): string {
    // Runtimes that read a file need not fold the reshape of a constant.
    const weight = this.options.portable === true ? this.#initializers.reshaped(name, shape) : null;
    if (weight !== null) return weight;
    const source = this.#reshaped.get(name) ?? name;
    // 0 means "as the input" unless allowzero is set.
    const result = this.op('Reshape', [source, this.ints(shape)], shape.includes(0) ? { allowzero: 1 } : noAttributes);
    this.#reshaped.set(result, source);
    return result;
  }

  /**
   * The finished graph, without the nodes that no result needs.
   * @param inputs the graph's inputs
   * @param results the wanted results; each gets an output of its own
   */
  finish(inputs: readonly GraphValue[], results: readonly GraphValue[]): FinishedGraph {
    const taken = new Set<string>();
    const outputs = results.map(({ name }) => {
      // An output has to be a node's own and may be named once: what is passed through or wanted twice is copied.
      let output = name;
      if (!this.#makers.has(name) || taken.has(name)) {
        output = `v${this.#fresh++}`;
        const copy = { type: 'Identity', inputs: [name], outputs: [output], attributes: noAttributes, domain: '' };
        this.#add({ ...copy, name: `Identity/${output}` });
      }
      taken.add(output);
      return output;
    });
    const used = new Set(outputs);
    const nodes = [...this.#first, ...this.#nodes]
      .reverse()
      .filter((node) => {
        // What has become an input is made by nobody.
        if (!node.outputs.some((name) => this.#makers.get(name) === node)) return false;
        const needed = node.outputs.some((name) => used.has(name));
        if (needed) for (const name of node.inputs) used.add(name);
        return needed;
      })
      .reverse();
    const graph: GraphProto = {
      name: 'cnnzoo',
      node: nodes.map(({ type, inputs: input, outputs: output, attributes, domain, name }) => ({
        opType: type,
        input: [...input],
        output: [...output],
        name,
        domain,
        attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
      })),
      initializer: this.#initializers.named(used),
      input: inputs.filter(({ name }) => used.has(name)).map((input) => valueInfo(input, input.name)),
      output: results.map((result, i) => valueInfo(result, at(outputs, i))),
    };
    const domains = [...new Set(nodes.map(({ domain }) => domain))].filter((domain) => domain !== '');
    return { graph, outputs, used, domains };
  }
}

function valueInfo({ type, shape }: GraphValue, name: string): GraphProto['input'][number] {
  return {
    name,
    type: { tensorType: { elemType: onnxType[type], shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
  };
}
