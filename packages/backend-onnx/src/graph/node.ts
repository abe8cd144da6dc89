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

const kinds = new Map<string, number>();

function kindOf(description: string): number {
  let kind = kinds.get(description);
  if (kind === undefined) {
    kind = kinds.size;
    kinds.set(description, kind);
  }
  return kind;
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
    attributes: {},
    kind: -1,
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
    attributes: {},
    kind: kindOf(`Placeholder ${dtype} ${shape.join()}`),
    symbolic: true,
    emit: noEmission,
    value: null,
    failure: null,
    index: 0,
    visited: 0,
  };
}

/** A node to be computed. */
export function lazyNode<A extends Attributes>(
  operation: Operation<A>,
  inputs: readonly LazyNode[],
  shape: readonly number[],
  dtype: DataType,
  attributes: A,
): LazyNode {
  const node: LazyNode = {
    name: operation.name,
    elementwise: operation.elementwise ?? false,
    inputs,
    shape,
    dtype,
    attributes,
    kind: kindOf(`${operation.name} ${dtype} ${shape.join()} ${Object.values(attributes).join('|')}`),
    symbolic: inputs.some(({ symbolic }) => symbolic),
    emit: (graph) => operation.emit(graph, node, attributes),
    value: null,
    failure: null,
    index: 0,
    visited: 0,
  };
  return node;
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}
