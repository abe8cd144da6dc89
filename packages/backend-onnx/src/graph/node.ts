/**
 * What a kernel call leaves behind: nodes of a graph that is not computed yet. A node has one output; a kernel with several
 * outputs records one node each. Constants and computed values are nodes with a `value`.
 */
import type { DataType } from '@tensorflow/tfjs-core';
import type { GraphBuilder } from './graph-builder.js';
import type { Layout } from './layout.js';

export type Elements = Float32Array | Int32Array | Uint8Array;

/** Elements in host memory, or tfjs's encoded strings. */
export type HostData = Elements | Uint8Array[];

/** A tensor in a device's own memory. */
export interface DeviceTensor {
  /** Frees its memory, once the device has done what it was asked for before. */
  dispose(): void;
}

/** A computed value. */
export interface Value {
  /** Read from the device where the value is there, which takes time: look at `device` first. */
  readonly data: HostData;
  /** The value in the device's memory, where it is there. */
  device?: DeviceTensor;
  readonly layout: Layout;
  /** The buffer belongs to the engine's pool, and nobody outside has seen it. */
  pooled: boolean;
  /** How many tensors have this value. */
  users: number;
}

/** What an operation does besides its inputs, always with the same names in the same order: the values are part of the structural key. */
export type Attributes = { readonly [name: string]: number | string | boolean | null | readonly number[] };

/** How one kind of node becomes ONNX. */
export interface Operation<A extends Attributes> {
  readonly name: string;
  /** Element by element: result and operands may have any layout as long as it is the same. */
  readonly elementwise?: true;
  /** Adds ONNX nodes for `node` to the graph and says there what the result is called and how it is laid out. */
  emit(graph: GraphBuilder, node: LazyNode, attributes: A): void;
}

export interface LazyNode {
  readonly name: string;
  readonly elementwise: boolean;
  /** Emptied once the value is there, so that what it was computed from can be freed. */
  inputs: readonly LazyNode[];
  readonly shape: readonly number[];
  readonly dtype: DataType;
  readonly attributes: Attributes;
  /** Number that stands for operation, attributes, shape and dtype: equal numbers emit equal ONNX from equal inputs. */
  readonly kind: number;
  /** The same of the node as a value that a graph reads, -1 as long as nobody has asked for it: see `leafKindOf`. */
  leafKind: number;
  /** A model's input that has no value, or computed from one: part of a recorded graph, never computed by the engine. */
  readonly symbolic: boolean;
  /** Calls the operation's emit. */
  emit(graph: GraphBuilder): void;
  value: Value | null;
  /** Set where computing this node has failed. */
  failure: Error | null;
  /** Place in the graph that is being traced, valid while `visited` is that trace's number. */
  index: number;
  visited: number;
}

interface Kind {
  readonly number: number;
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** Values of the attributes, in the order that the operation gives them in. */
  readonly values: readonly Attributes[string][];
}

/** By hash. Each node is looked up when it is recorded: numbers are compared, because making a text of them takes longer. */
const kinds = new Map<number, Kind[]>();
let kindCount = 0;

/** The last kinds in the order of their look-ups. A model asks for the same ones again, from the first on. */
const sequence: Kind[] = [];
const sequenceLength = 4096;
let position = 0;

function hashOf(name: string, dtype: DataType, shape: readonly number[], attributes: Attributes): number {
  let hash = name.length * 31 + dtype.length;
  for (const extent of shape) hash = (hash * 31 + extent) | 0;
  for (const key in attributes) {
    const value = attributes[key];
    if (typeof value === 'number') hash = (hash * 31 + value) | 0;
    else if (typeof value === 'string') hash = (hash * 31 + value.length) | 0;
    else if (typeof value === 'object' && value !== null) for (const each of value) hash = (hash * 31 + each) | 0;
  }
  return hash;
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

function isOfKind(
  kind: Kind,
  name: string,
  dtype: DataType,
  shape: readonly number[],
  attributes: Attributes,
): boolean {
  if (kind.name !== name || kind.dtype !== dtype || !sameNumbers(kind.shape, shape)) return false;
  const { values } = kind;
  let count = 0;
  for (const key in attributes) {
    const left = values[count++];
    const right = attributes[key];
    const bothLists = typeof left === 'object' && left !== null && typeof right === 'object' && right !== null;
    if (bothLists ? !sameNumbers(left, right) : !Object.is(left, right)) return false;
  }
  return count === values.length;
}

function findKind(name: string, dtype: DataType, shape: readonly number[], attributes: Attributes): Kind {
  const hash = hashOf(name, dtype, shape, attributes);
  const alike = kinds.get(hash);
  if (alike !== undefined) for (const kind of alike) if (isOfKind(kind, name, dtype, shape, attributes)) return kind;
  // Copies: lists may be the user's own, who may write to them.
  const kind = {
    number: kindCount++,
    name,
    dtype,
    shape: [...shape],
    values: structuredClone(Object.values(attributes)),
  };
  if (alike !== undefined) alike.push(kind);
  else kinds.set(hash, [kind]);
  return kind;
}

function kindOf(name: string, dtype: DataType, shape: readonly number[], attributes: Attributes): number {
  for (const place of [position, 0]) {
    const guess = sequence[place];
    if (guess === undefined || !isOfKind(guess, name, dtype, shape, attributes)) continue;
    position = place + 1;
    return guess.number;
  }
  const kind = findKind(name, dtype, shape, attributes);
  if (position >= sequenceLength) position = 0;
  sequence[position++] = kind;
  return kind.number;
}

const noAttributes: Attributes = {};

/** Number that stands for shape and dtype of a value that a graph reads, whatever operation has made it. */
export function leafKindOf(node: LazyNode): number {
  if (node.leafKind === -1) node.leafKind = kindOf('Leaf', node.dtype, node.shape, noAttributes);
  return node.leafKind;
}

function noEmission(): never {
  throw new Error('a computed value or an input is not emitted');
}

/** A node with a value. */
export function constant(value: Value, shape: readonly number[], dtype: DataType): LazyNode {
  return {
    name: 'Constant',
    elementwise: false,
    inputs: [],
    shape,
    dtype,
    attributes: noAttributes,
    kind: -1,
    leafKind: -1,
    symbolic: false,
    emit: noEmission,
    value,
    failure: null,
    index: 0,
    visited: 0,
  };
}

/** An input of a graph that is recorded without being run. Whoever emits the graph names it. */
export function placeholder(shape: readonly number[], dtype: DataType): LazyNode {
  return {
    name: 'Placeholder',
    elementwise: false,
    inputs: [],
    shape,
    dtype,
    attributes: noAttributes,
    kind: kindOf('Placeholder', dtype, shape, noAttributes),
    leafKind: -1,
    symbolic: true,
    emit: noEmission,
    value: null,
    failure: null,
    index: 0,
    visited: 0,
  };
}

/** A node of an operation. A class, because hundreds are made for each prediction, and a closure in each takes memory. */
class OperationNode<A extends Attributes> implements LazyNode {
  readonly name: string;
  readonly elementwise: boolean;
  readonly kind: number;
  leafKind = -1;
  readonly symbolic: boolean;
  value: Value | null = null;
  failure: Error | null = null;
  index = 0;
  visited = 0;

  constructor(
    private readonly operation: Operation<A>,
    public inputs: readonly LazyNode[],
    readonly shape: readonly number[],
    readonly dtype: DataType,
    readonly attributes: A,
  ) {
    this.name = operation.name;
    this.elementwise = operation.elementwise ?? false;
    this.kind = kindOf(operation.name, dtype, shape, attributes);
    this.symbolic = inputs.some(isSymbolic);
  }

  emit(graph: GraphBuilder): void {
    this.operation.emit(graph, this, this.attributes);
  }
}

const isSymbolic = ({ symbolic }: LazyNode): boolean => symbolic;

/** A node to be computed. */
export function lazyNode<A extends Attributes>(
  operation: Operation<A>,
  inputs: readonly LazyNode[],
  shape: readonly number[],
  dtype: DataType,
  attributes: A,
): LazyNode {
  return new OperationNode(operation, inputs, shape, dtype, attributes);
}
