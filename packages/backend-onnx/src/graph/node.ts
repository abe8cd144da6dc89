/**
 * What a kernel call leaves behind: nodes of a graph that is not computed yet. A node has one output; a kernel with several
 * outputs records one node each. Constants and computed values are nodes with a `value`.
 */
import type { DataType } from '@tensorflow/tfjs-core';
import { type Attributes, kindOf } from './kind.js';
import type { Elements, Layout } from './layout.js';

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

/** What a node does. How that becomes ONNX is an `Operation`'s (operation.ts). */
export interface OperationKind {
  readonly name: string;
  /** Element by element: result and operands may have any layout as long as it is the same. */
  readonly elementwise?: true;
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
  /** Counts up as nodes are recorded. */
  readonly sequence: number;
  /** Recorded under a gradient tape: a part of a training step's forward pass. */
  readonly forward: boolean;
  /** A model's input that has no value, or computed from one: part of a recorded graph, never computed by the engine. */
  readonly symbolic: boolean;
  /** Null for values and inputs. */
  readonly operation: OperationKind | null;
  value: Value | null;
  /** Set where computing this node has failed. */
  failure: Error | null;
  /** Place in the graph that is being traced, valid while `visited` is that trace's number. */
  index: number;
  visited: number;
}

const noAttributes: Attributes = {};

let recorded = 0;

/** Number that stands for shape and dtype of a value that a graph reads, whatever operation has made it. */
export function leafKindOf(node: LazyNode): number {
  if (node.leafKind === -1) node.leafKind = kindOf('Leaf', node.dtype, node.shape, noAttributes);
  return node.leafKind;
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
    sequence: -1,
    forward: false,
    symbolic: false,
    operation: null,
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
    sequence: -1,
    forward: false,
    symbolic: true,
    operation: null,
    value: null,
    failure: null,
    index: 0,
    visited: 0,
  };
}

/** A node of an operation. A class, because hundreds are made for each prediction, and a closure in each takes memory. */
class OperationNode implements LazyNode {
  readonly name: string;
  readonly elementwise: boolean;
  readonly kind: number;
  leafKind = -1;
  readonly sequence = recorded++;
  readonly symbolic: boolean;
  value: Value | null = null;
  failure: Error | null = null;
  index = 0;
  visited = 0;

  constructor(
    readonly operation: OperationKind,
    public inputs: readonly LazyNode[],
    readonly shape: readonly number[],
    readonly dtype: DataType,
    readonly attributes: Attributes,
    readonly forward: boolean,
  ) {
    this.name = operation.name;
    this.elementwise = operation.elementwise ?? false;
    this.kind = kindOf(operation.name, dtype, shape, attributes);
    this.symbolic = inputs.some(isSymbolic);
  }
}

const isSymbolic = ({ symbolic }: LazyNode): boolean => symbolic;

/** @throws Error where the node has no value, which a graph that reads it needs */
export function leafValue({ name, value }: LazyNode): Value {
  if (value === null) throw new Error(`${name} has no value that a graph could read`);
  return value;
}

/** The same operation on other inputs of the same shapes. */
export function repeated(node: LazyNode, inputs: readonly LazyNode[]): LazyNode {
  const { operation, shape, dtype, attributes, forward } = node;
  if (operation === null) throw new Error(`${node.name} is no operation`);
  return new OperationNode(operation, inputs, shape, dtype, attributes, forward);
}

/** How many operations have been recorded: those that come have this sequence and higher ones. */
export function recordedSoFar(): number {
  return recorded;
}

/** A node to be computed. */
export function lazyNode(
  operation: OperationKind,
  inputs: readonly LazyNode[],
  shape: readonly number[],
  dtype: DataType,
  attributes: Attributes,
  forward = false,
): LazyNode {
  return new OperationNode(operation, inputs, shape, dtype, attributes, forward);
}
