/**
 * Recorded nodes becoming an ONNX graph: what each value is called, in which layouts it is there, who reads it, and which fusions
 * there are.
 */
import type { Forms } from './forms.js';
import { keepsOrder, type Layout, permutation, physicalShape, relayout } from './layout.js';
import type { LazyNode } from './node.js';
import { type GraphFeature, type GraphOptions, OnnxGraph } from './onnx-graph.js';
import { sizeOf } from './shape.js';

/** What an operation with a window reads, and the padding around it: top, left, bottom, right. */
export interface Reading {
  readonly x: LazyNode;
  readonly pads: readonly number[];
}

interface FusionRow {
  /** By this it can be switched off. */
  readonly name: string;
  /** true: only in files for other runtimes, whose weights are constants; false: only in graphs for this one. Default: in both. */
  readonly portable?: boolean;
  /** What the runtime or device has to have. */
  readonly needs?: GraphFeature;
}

/** An operation that is emitted in another way, together with operations before it. */
export interface EmittedFusion extends FusionRow {
  readonly operations: readonly string[];
  /** @returns whether it has emitted the node */
  readonly emit: (graph: Emission, node: LazyNode) => boolean;
}

/** What an operation with a window reads instead of its input, because it can do itself what was done to that. */
export interface ReadFusion extends FusionRow {
  readonly operations: readonly string[];
  readonly read: (x: LazyNode, pads: readonly number[]) => Reading | null;
}

/** What an element-wise operation may read instead of a node, because ONNX broadcasts. */
export interface OperandFusion extends FusionRow {
  readonly operand: (node: LazyNode) => LazyNode | null;
}

/** An ONNX operator that gives a value which is there already. */
export interface OperatorFusion extends FusionRow {
  readonly operator: string;
  readonly value: (graph: OnnxGraph, inputs: readonly string[]) => string | null;
}

/** A row of the table of fusions. */
export type Fusion = EmittedFusion | ReadFusion | OperandFusion | OperatorFusion;

export interface EmissionOptions extends GraphOptions {
  /** Of several for one operation the first that applies is taken. */
  readonly fusions: readonly Fusion[];
  /** Which forms operations have. Default: what rules on their shapes say. */
  readonly forms?: Forms | undefined;
}

function byOperation<F extends { readonly operations: readonly string[] }>(
  rows: readonly F[],
): ReadonlyMap<string, readonly F[]> {
  const names = new Set(rows.flatMap(({ operations }) => operations));
  return new Map([...names].map((name) => [name, rows.filter(({ operations }) => operations.includes(name))]));
}

const none: readonly never[] = [];

/** Whether a node is a value that is stored in plain order, or an input that may be stored in any. */
function isInPlainOrder({ value, operation }: LazyNode): boolean {
  return value === null ? operation === null : value.layout === 'plain';
}

export class Emission extends OnnxGraph {
  declare readonly options: EmissionOptions;
  /** The names of each recorded node's value, by layout; the first entry is the layout in which it was made. */
  readonly #names = new Map<LazyNode, Map<Layout, string>>();
  readonly #users = new Map<LazyNode, LazyNode[]>();
  /** Values that were transposed on demand, and to what. */
  readonly #transposed = new Map<LazyNode, Layout>();
  readonly #labels = new Map<LazyNode, string>();
  /** Who has asked for a value's name, and who for the layout in which it was made. */
  readonly #nameReaders = new Map<LazyNode, Set<LazyNode>>();
  readonly #layoutReaders = new Map<LazyNode, Set<LazyNode>>();
  /** Nodes to be emitted again, because what they read is there in another way now. */
  readonly #stale = new Set<LazyNode>();
  /** The node that is being emitted. */
  #current: LazyNode | null = null;
  readonly #wanted: ReadonlySet<LazyNode>;
  readonly #emitted: ReadonlyMap<string, readonly EmittedFusion[]>;
  readonly #reads: ReadonlyMap<string, readonly ReadFusion[]>;
  readonly #operands: readonly OperandFusion[];
  readonly #operators: readonly OperatorFusion[];

  /**
   * @param order the nodes that will be emitted, inputs before users
   * @param roots those whose values somebody has asked for
   */
  constructor(order: readonly LazyNode[], options: EmissionOptions, roots: readonly LazyNode[] = []) {
    super(options);
    this.#wanted = new Set(roots);
    for (const node of order)
      for (const input of node.inputs) {
        const users = this.#users.get(input);
        if (users) users.push(node);
        else this.#users.set(input, [node]);
      }
    const rows = options.fusions.filter(
      ({ portable, needs }) =>
        (portable === undefined || portable === (options.portable ?? false)) &&
        (needs === undefined || this.can(needs)),
    );
    this.#emitted = byOperation(rows.filter((row): row is EmittedFusion => 'emit' in row));
    this.#reads = byOperation(rows.filter((row): row is ReadFusion => 'read' in row));
    this.#operands = rows.filter((row): row is OperandFusion => 'operand' in row);
    this.#operators = rows.filter((row): row is OperatorFusion => 'operator' in row);
  }

  /** Emits a node by a fusion. @returns whether one applies */
  fuse(node: LazyNode): boolean {
    return (this.#emitted.get(node.name) ?? none).some(({ emit }) => emit(this, node));
  }

  /** What an operation of this name with a window reads where its input is `x` with this padding around it. */
  reading(operation: string, x: LazyNode, pads: readonly number[]): Reading {
    for (const { read } of this.#reads.get(operation) ?? none) {
      const found = read(x, pads);
      if (found !== null) return found;
    }
    return { x, pads };
  }

  protected override simplified(type: string, inputs: readonly string[]): string | null {
    for (const { operator, value } of this.#operators) if (operator === type) return value(this, inputs);
    return null;
  }

  /** How many recorded nodes read this one, and one more where its value is asked for. */
  usesOf(node: LazyNode): number {
    return (this.#users.get(node)?.length ?? 0) + (this.#wanted.has(node) ? 1 : 0);
  }

  /** Whether somebody has asked for the node's value. */
  isWanted(node: LazyNode): boolean {
    return this.#wanted.has(node);
  }

  /** The recorded node of this name that reads this one, or null. It may be emitted only later. */
  userOf(node: LazyNode, name: string): LazyNode | null {
    return this.#users.get(node)?.find((user) => user.name === name) ?? null;
  }

  /** What makes the values of a leaf that becomes a part of the graph; null for other nodes, and where leaves are inputs. */
  valuesOf(node: LazyNode, layout: Layout = 'plain'): (() => Float32Array) | null {
    const { value, shape } = node;
    if (this.options.portable !== true || !(value?.data instanceof Float32Array)) return null;
    const { data, layout: stored } = value;
    return () => relayout(data, shape, stored, layout);
  }

  /** A leaf's value as an initializer. */
  #embed(node: LazyNode, layout: Layout): string {
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

  /** Says what a node's value is called. */
  set(node: LazyNode, layout: Layout, name: string): void {
    const layouts = this.#names.get(node);
    if (layouts) layouts.set(layout, name);
    else this.#names.set(node, new Map([[layout, name]]));
  }

  isEmitted(node: LazyNode): boolean {
    return this.#names.has(node) && !this.#stale.has(node);
  }

  /**
   * Starts a node, whose ONNX nodes come next.
   * @param label names them, for error messages and Netron
   */
  begin(node: LazyNode, label: string): void {
    this.#current = node;
    this.#labels.set(node, label);
    this.label(label);
  }

  /** Names the ONNX nodes that come next after another node, whose work they do, too. */
  labelAs(node: LazyNode): void {
    const label = this.#labels.get(node);
    if (label !== undefined) this.label(label);
  }

  #readBy(readers: Map<LazyNode, Set<LazyNode>>, node: LazyNode): void {
    if (this.#current === null) return;
    const own = readers.get(node);
    if (own === undefined) readers.set(node, new Set([this.#current]));
    else own.add(this.#current);
  }

  /** The layout in which a value was made; `plain` for values of a rank other than 4. */
  layoutOf(node: LazyNode): Layout {
    this.#readBy(this.#layoutReaders, node);
    const first = this.#names.get(node)?.keys().next();
    return first && !first.done ? first.value : 'plain';
  }

  /** The value's name in a layout; transposed where it is not there yet. */
  get(node: LazyNode, layout: Layout = 'plain'): string {
    this.#readBy(this.#nameReaders, node);
    const layouts = this.#names.get(node);
    const known = layouts?.get(layout);
    if (known !== undefined) return known;
    if (this.options.portable === true && node.value !== null) return this.#embed(node, layout);
    const [made] = layouts ?? none;
    if (layouts === undefined || made === undefined) throw new Error(`${node.name} is used before it is emitted`);
    const [from, source] = made;
    const name = this.rearranged(source, node.shape, from, layout);
    layouts.set(layout, name);
    if (layout !== 'plain') this.#transposed.set(node, layout);
    return name;
  }

  /** A value of a shape of tfjs in another layout. */
  rearranged(name: string, shape: readonly number[], from: Layout, to: Layout): string {
    const perm = permutation(from, to);
    return keepsOrder(physicalShape(shape, from), perm)
      ? this.reshape(name, physicalShape(shape, to))
      : this.op('Transpose', [name], { perm });
  }

  /**
   * Leaves in plain order that the graph would rather read in another layout: filters, which it transposes to `filtersFirst`
   * themselves, and those that reach a transposition through element-wise operations, such as an optimizer's moments.
   */
  filtersToRelayout(order: readonly LazyNode[]): Set<LazyNode> {
    const wanted = new Set<LazyNode>();
    for (const [node, layout] of this.#transposed) if (layout === 'filtersFirst') wanted.add(node);
    for (const node of order.toReversed()) {
      if (!wanted.has(node) || !node.elementwise) continue;
      for (const input of node.inputs) if (input.shape.length === 4) wanted.add(input);
    }
    return new Set([...wanted].filter(isInPlainOrder));
  }

  /** The value's name in the layout in which it was made. */
  native(node: LazyNode): { name: string; layout: Layout } {
    const layout = this.layoutOf(node);
    return { name: this.get(node, layout), layout };
  }

  /**
   * Changes the finished emission to one in which inputs of the graph are stored in `filtersFirst`. In each layout they keep their names, so
   * that only those nodes are emitted again whose form depends on the layout: element-wise ones, such as an optimizer's.
   * @param leaves inputs in plain order
   * @param order the nodes that were emitted, inputs before users
   * @param emit emits one of them
   */
  moveToFiltersFirst(
    leaves: ReadonlySet<LazyNode>,
    order: readonly LazyNode[],
    emit: (node: LazyNode, index: number) => void,
  ): void {
    for (const leaf of leaves) this.#move(leaf);
    order.forEach((node, i) => {
      if (!this.#stale.delete(node)) return;
      const before = this.#names.get(node);
      this.#names.delete(node);
      this.#transposed.delete(node);
      emit(node, i);
      const [old] = before ?? none;
      const [made] = this.#names.get(node) ?? none;
      if (before !== undefined && old?.join() === made?.join()) this.#names.set(node, before);
      else {
        for (const reader of this.#nameReaders.get(node) ?? none) this.#stale.add(reader);
        for (const reader of this.#layoutReaders.get(node) ?? none) this.#stale.add(reader);
      }
    });
  }

  #move(leaf: LazyNode): void {
    const names = this.#names.get(leaf);
    const plain = names?.get('plain');
    if (names === undefined || plain === undefined) throw new Error(`${leaf.name} is not stored in plain order`);
    const input = this.exchangeInput(plain, names.get('filtersFirst') ?? null, (stored) => {
      const perm = permutation('filtersFirst', 'plain');
      return keepsOrder(physicalShape(leaf.shape, 'filtersFirst'), perm)
        ? { type: 'Reshape', inputs: [stored, this.ints(leaf.shape)], attributes: {} }
        : { type: 'Transpose', inputs: [stored], attributes: { perm } };
    });
    names.delete('filtersFirst');
    this.#names.set(leaf, new Map([['filtersFirst', input], ...names]));
    for (const reader of this.#layoutReaders.get(leaf) ?? none) this.#stale.add(reader);
  }

  /** The operands of an element-wise node. Smaller ones take their place where the others give the result's shape: ONNX broadcasts. */
  operands(node: LazyNode, layout: Layout): string[] {
    const small = node.inputs.map((input) => this.#smaller(input) ?? input);
    const rank = node.shape.length;
    const fits = node.shape.every((extent, axis) =>
      small.some(({ shape }) => (shape[axis - rank + shape.length] ?? 1) === extent),
    );
    return (fits ? small : node.inputs).map((input) => this.operand(input, layout));
  }

  #smaller(node: LazyNode): LazyNode | null {
    for (const { operand } of this.#operands) {
      const found = operand(node);
      if (found !== null) return found;
    }
    return null;
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
}
