/** Turns a trace into the bytes of an ONNX graph. */

import { at } from '../graph/at.js';
import { Emission, type EmissionOptions } from '../graph/emission.js';
import { type ElementType, type Layout, physicalShape, relayout } from '../graph/layout.js';
import { type LazyNode, leafValue } from '../graph/node.js';
import { encodeModel } from '../graph/onnx-model.js';
import { emitNode } from '../graph/operation.js';
import type { Recomputation } from './recompute.js';
import type { Trace } from './trace.js';

export interface CompiledGraph {
  readonly model: Uint8Array;
  /** For each leaf its name, or null where the graph does not read it. */
  readonly inputs: readonly (string | null)[];
  /** For each root its name and how it is laid out. */
  readonly outputs: readonly { readonly name: string; readonly layout: Layout }[];
}

/** The ONNX type of a tfjs type; strings and complex numbers never reach a graph. */
export function onnxTypeOf(node: LazyNode): ElementType {
  const { dtype } = node;
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Error(`${node.name}: a ${dtype} tensor has no place in a graph`);
}

/** A leaf's value as a constant of the graph. */
export function embed(graph: Emission, leaf: LazyNode, layout: Layout): string {
  const data = leaf.value?.data;
  if (data === undefined || Array.isArray(data))
    throw new Error(`${leaf.name}: a value of strings has no place in a graph`);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return graph.weight(onnxTypeOf(leaf), physicalShape(leaf.shape, layout), bytes);
}

export interface EmittedGraph {
  readonly graph: Emission;
  /** Leaves whose values are part of the graph, by index; all others are inputs. */
  readonly constants: ReadonlySet<number>;
}

const none: ReadonlySet<number> = new Set();

const labelOf = ({ name }: LazyNode, index: number): string => `${name}#${index}`;

/**
 * Emits all nodes of a trace.
 * @param constants leaves whose values become part of the graph, by index
 */
export function emit(
  { trace: { order, leaves, roots }, indexOf }: Recomputation,
  options: EmissionOptions,
  constants: ReadonlySet<number> = none,
): EmittedGraph {
  const graph = new Emission(order, options, roots);
  leaves.forEach((leaf, i) => {
    const { layout } = leafValue(leaf);
    graph.set(leaf, layout, constants.has(i) ? embed(graph, leaf, layout) : `x${i}`);
  });
  order.forEach((node, i) => {
    emitNode(graph, node, labelOf(node, indexOf?.(node) ?? i));
  });
  return { graph, constants };
}

/**
 * Stores weights as an emitted graph wants them, once: filters and the optimizer's moments for them become OIHW, and as results keep
 * that layout from step to step. Only filters, because activations are new every time and onnxruntime transposes faster than we do.
 * @returns the leaves that have changed: the structural key has, too, and the graph has to follow by `emitMoved`
 */
export function relayoutFilters({ order }: Trace, { graph }: EmittedGraph): ReadonlySet<LazyNode> {
  const wanted = graph.filtersToRelayout(order);
  for (const leaf of wanted) {
    const { value } = leaf;
    if (value === null || Array.isArray(value.data)) continue;
    const data = relayout(value.data, leaf.shape, 'plain', 'filtersFirst');
    leaf.value = { data, layout: 'filtersFirst', pooled: false, users: value.users };
  }
  return wanted;
}

/** Changes an emitted graph to one that reads these leaves as `relayoutFilters` has stored them. */
export function emitMoved(
  { trace: { order }, indexOf }: Recomputation,
  { graph }: EmittedGraph,
  moved: ReadonlySet<LazyNode>,
): void {
  graph.moveToFiltersFirst(moved, order, (node, i) => {
    emitNode(graph, node, labelOf(node, indexOf?.(node) ?? i));
  });
}

/** Finishes an emitted graph. */
export function compile({ leaves, roots }: Trace, { graph, constants }: EmittedGraph): CompiledGraph {
  const inputs = leaves.map((leaf) => {
    const { name, layout } = graph.native(leaf);
    return { name, type: onnxTypeOf(leaf), shape: physicalShape(leaf.shape, layout) };
  });
  const results = roots.map((root) => {
    const { name, layout } = graph.native(root);
    return { name, layout, type: onnxTypeOf(root), shape: physicalShape(root.shape, layout) };
  });
  const isInput = (i: number): boolean => !constants.has(i);
  const finished = graph.finish(
    inputs.filter((_, i) => isInput(i)),
    results,
  );
  return {
    model: encodeModel(finished.graph, finished.domains),
    inputs: inputs.map(({ name }, i) => (isInput(i) && finished.used.has(name) ? name : null)),
    outputs: results.map(({ layout }, i) => ({ name: at(finished.outputs, i), layout })),
  };
}
