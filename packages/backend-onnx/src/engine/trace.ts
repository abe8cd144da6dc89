/** Orders the recorded nodes below the wanted ones and finds the key of their structure. */
import type { Layout } from '../graph/layout.js';
import { type LazyNode, leafKindOf } from '../graph/node.js';

export interface Trace {
  /** Nodes to compute, and those that have failed before, inputs before users. */
  readonly order: readonly LazyNode[];
  /** Computed values that they read. */
  readonly leaves: readonly LazyNode[];
  readonly roots: readonly LazyNode[];
  /**
   * Whether it belongs to a training step. Its weights are never made constants, so that what a step computes does not depend on how
   * often the process has seen it, and a run that is resumed gives the same bits.
   */
  readonly trains: boolean;
  /** How many parts of a training step are computed at the same time, each with a share of the threads: 1 where it is no such part. */
  readonly share: number;
}

let traces = 0;

/** Walks from the roots to computed values, without recursion: a chain may be tens of thousands of nodes long. */
export function trace(roots: readonly LazyNode[], trains = false, share = 1): Trace {
  const visited = ++traces;
  const order: LazyNode[] = [];
  const leaves: LazyNode[] = [];
  const stack: LazyNode[] = [];
  const next: number[] = [];
  for (const root of roots) {
    if (root.visited === visited) continue;
    root.visited = visited;
    root.index = -1;
    stack.push(root);
    next.push(0);
    while (stack.length > 0) {
      const top = stack.length - 1;
      const node = stack[top];
      if (node === undefined) break;
      const position = next[top] ?? 0;
      const input = node.value === null && node.failure === null ? node.inputs[position] : undefined;
      if (input !== undefined) {
        next[top] = position + 1;
        if (input.visited !== visited) {
          input.visited = visited;
          stack.push(input);
          next.push(0);
        }
        continue;
      }
      stack.pop();
      next.pop();
      if (node.value !== null) {
        // Leaves count down from -1, nodes up from 0: one number tells which of them an input is.
        node.index = -1 - leaves.length;
        leaves.push(node);
      } else {
        node.index = order.length;
        order.push(node);
      }
    }
  }
  return { order, leaves, roots, trains, share };
}

const layoutNumbers: Readonly<Record<Layout, number>> = { plain: 0, channelsFirst: 1, filtersFirst: 2 };

/** The numbers of the last key and the key: most barriers have the graph of the one before. */
let last: { readonly numbers: Int32Array; readonly key: string } = { numbers: new Int32Array(0), key: '' };

/**
 * Equal keys mean equal graphs: leaves' types, shapes and layouts, nodes' kinds and wiring, and which nodes are wanted. A key is made
 * at every barrier: it is the bytes of these numbers, because decimal digits take much longer.
 */
export function structuralKey(trace: Trace): string {
  const numbers = structureOf(trace);
  if (sameNumbers(numbers, last.numbers)) return last.key;
  const key = Buffer.from(numbers.buffer).toString('latin1');
  last = { numbers, key };
  return key;
}

function structureOf({ order, leaves, roots }: Trace): Int32Array {
  let size = 2 + 2 * leaves.length + 2 * order.length + roots.length;
  for (const { inputs } of order) size += inputs.length;
  const numbers = new Int32Array(size);
  let end = 0;
  numbers[end++] = leaves.length;
  numbers[end++] = order.length;
  for (const leaf of leaves) {
    numbers[end++] = leafKindOf(leaf);
    numbers[end++] = layoutNumbers[leaf.value?.layout ?? 'plain'];
  }
  for (const { kind, inputs } of order) {
    numbers[end++] = kind;
    numbers[end++] = inputs.length;
    for (const { index } of inputs) numbers[end++] = index;
  }
  for (const { index } of roots) numbers[end++] = index;
  return numbers;
}

function sameNumbers(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
