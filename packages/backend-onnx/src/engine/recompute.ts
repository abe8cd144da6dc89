/**
 * Gradient checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"): of the forward pass of a training step only some
 * activations are kept, between which the others are computed again where the backward pass reads them.
 *
 * A graph runs in the order in which its nodes need each other, so what is computed again has to need what the backward pass has reached by then: each
 * segment's first operations read a weight plus a zero that is made of a gradient.
 */
import { type LazyNode, lazyNode, type OperationKind } from '../graph/node.js';
import { sizeOf } from '../graph/shape.js';
import type { Trace } from './trace.js';

/** What a gate is made of; the engine knows no kernels. */
export interface GateOperations {
  /** Of a value of any shape: a 0 that is there only when the value is. */
  readonly zero: OperationKind;
  /** Element by element, with broadcasting. */
  readonly add: OperationKind;
}

/** A trace as it is emitted, and where each of its nodes stands in the one that was recorded. Default: in the same place. */
export interface Recomputation {
  readonly trace: Trace;
  readonly indexOf?: (node: LazyNode) => number;
}

/** Values smaller than the largest by this factor are kept: statistics of channels, logits. */
const smallShare = 64;

/** The two passes of a step, each in the order of recording. */
interface Passes {
  readonly forward: readonly LazyNode[];
  readonly backward: readonly LazyNode[];
  /** Where a node stands in the forward pass. */
  readonly place: ReadonlyMap<LazyNode, number>;
  readonly isLarge: (node: LazyNode) => boolean;
}

function passesOf(order: readonly LazyNode[]): Passes {
  // What was recorded under the tape, and all that it reads.
  const known = new Set<LazyNode>();
  for (const node of order.toReversed()) {
    if (node.forward) known.add(node);
    if (known.has(node)) for (const input of node.inputs) if (input.value === null) known.add(input);
  }
  const inTime = order.toSorted((a, b) => a.sequence - b.sequence);
  const forward = inTime.filter((node) => known.has(node));
  const smallest = forward.reduce((most, { shape }) => Math.max(most, sizeOf(shape)), 0) / smallShare;
  return {
    forward,
    backward: inTime.filter((node) => !known.has(node)),
    place: new Map(forward.map((node, i) => [node, i])),
    isLarge: ({ shape }) => sizeOf(shape) > smallest,
  };
}

/** A part of the forward pass between two values that are kept. */
interface Segment {
  /** The kept value at its end: nothing else of it is read by the forward pass behind it. */
  readonly checkpoint: LazyNode;
  /** Its first node's place, and its last one's. */
  readonly from: number;
  readonly to: number;
  /** Large values that the backward pass reads. */
  readonly read: readonly LazyNode[];
  /** Elements of these. */
  readonly size: number;
}

const elements = (nodes: readonly LazyNode[]): number => nodes.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** The smallest segments: the pass is cut wherever one large value is all that what follows reads of what was before. */
function segmentsOf({ forward, backward, place, isLarge }: Passes): readonly Segment[] {
  const readers = new Set(backward.flatMap(({ inputs }) => [...inputs]));
  const lastReader = new Map<LazyNode, number>();
  forward.forEach(({ inputs }, i) => {
    for (const input of inputs) if (place.has(input)) lastReader.set(input, i);
  });
  const segments: Segment[] = [];
  const live = new Set<LazyNode>();
  let from = 0;
  forward.forEach((node, to) => {
    if (isLarge(node)) live.add(node);
    for (const value of live) if ((lastReader.get(value) ?? -1) <= to) live.delete(value);
    const [checkpoint] = live;
    if (live.size !== 1 || checkpoint === undefined || checkpoint === segments.at(-1)?.checkpoint) return;
    const read = forward.slice(from, to + 1).filter((one) => one !== checkpoint && isLarge(one) && readers.has(one));
    segments.push({ checkpoint, from, to, read, size: elements(read) });
    from = to + 1;
  });
  return segments;
}

/** Neighbours as one segment, which keeps only its last value. */
function joined(first: Segment, second: Segment): Segment {
  const read = [...first.read, first.checkpoint, ...second.read];
  return { ...second, from: first.from, read, size: elements(read) };
}

/** Neighbours joined so that what is kept and the largest segment take the least memory together. */
function cheapest(segments: readonly Segment[]): readonly Segment[] {
  const total = segments.reduce((sum, { size, checkpoint }) => sum + size + sizeOf(checkpoint.shape), 0);
  let best: readonly Segment[] = [];
  let least = Infinity;
  for (let parts = 1; parts <= segments.length; parts++) {
    const groups: Segment[] = [];
    for (const one of segments) {
      const last = groups.at(-1);
      const both = last && joined(last, one);
      if (both !== undefined && both.size <= total / parts) groups[groups.length - 1] = both;
      else groups.push(one);
    }
    const cost =
      elements(groups.map(({ checkpoint }) => checkpoint)) + groups.reduce((most, { size }) => Math.max(most, size), 0);
    if (cost < least) [best, least] = [groups, cost];
  }
  return best;
}

/**
 * A gradient that is there when the backward pass comes to a segment, and that nothing of the segment is needed for: the first that meets
 * one of its values. Null where there is none.
 */
function gradientAt({ backward, place }: Passes, { read, to }: Segment): LazyNode | null {
  const values = new Set(read);
  const needing = new Set<LazyNode>();
  /** Nodes that need something of the forward pass behind the segment. */
  const late = new Set<LazyNode>();
  for (const node of backward) {
    if (node.inputs.some((input) => values.has(input) || needing.has(input))) {
      needing.add(node);
      const gradient = node.inputs.findLast((input) => late.has(input) && !needing.has(input));
      if (gradient !== undefined) return gradient;
    }
    if (node.inputs.some((input) => late.has(input) || (place.get(input) ?? -1) > to)) late.add(node);
  }
  return null;
}

/** Changes a training step's trace so that it keeps less. @returns null where nothing of it can be computed again */
export function recomputed(traced: Trace, { zero, add }: GateOperations): Recomputation | null {
  const passes = passesOf(traced.order);
  const { place, backward, isLarge } = passes;
  /** Nodes of the new trace, and whose place in the old one they have. */
  const origin = new Map<LazyNode, LazyNode>();
  /** What the backward pass reads instead of a node. */
  const instead = new Map<LazyNode, LazyNode>();
  const made = (operation: OperationKind, inputs: readonly LazyNode[], like: LazyNode, of: LazyNode): LazyNode => {
    const node = lazyNode(operation, inputs, like.shape, like.dtype, like === of ? of.attributes : {});
    origin.set(node, of);
    return node;
  };
  const copyOf = (node: LazyNode, inputs: readonly LazyNode[]): LazyNode => {
    if (node.operation === null) throw new Error(`${node.name} is not computed`);
    return made(node.operation, inputs, node, node);
  };
  const kept = new Set(traced.roots);
  // The backward pass begins with the last segment, all of which is there then.
  const segments = cheapest(segmentsOf(passes).slice(0, -1));
  // From the last one on, so that a gradient is in its final form when a segment before it is made to wait for it.
  for (const part of segments.toReversed()) {
    const gradient = gradientAt(passes, part);
    if (gradient !== null) computeAgain(part, gradient);
  }
  if (instead.size === 0) return null;

  function computeAgain({ read, from, to, checkpoint }: Segment, gradient: LazyNode): void {
    let nothing: LazyNode | undefined;
    const isAgain = (node: LazyNode): boolean => {
      const at = place.get(node) ?? -1;
      return at >= from && at <= to && node !== checkpoint && isLarge(node);
    };
    const again = (node: LazyNode): LazyNode => {
      const known = instead.get(node);
      if (known !== undefined) return known;
      const inputs = node.inputs.map((input) => (isAgain(input) ? again(input) : input));
      if (!node.inputs.some(isAgain)) {
        // It reads nothing of the segment, and could run at any time: it has to wait for the gradient.
        const [least] = inputs
          .filter(({ dtype }) => dtype === 'float32')
          .toSorted((a, b) => sizeOf(a.shape) - sizeOf(b.shape));
        if (least !== undefined) {
          nothing ??= made(zero, [gradient], { ...node, shape: [], dtype: 'float32' }, node);
          inputs[inputs.indexOf(least)] = made(add, [least, nothing], least, node);
        }
      }
      const copy = copyOf(node, inputs);
      instead.set(node, copy);
      return copy;
    };
    for (const value of read) if (!kept.has(value)) again(value);
  }

  // What reads such a value in the backward pass reads the new one, and so on.
  for (const node of backward) {
    const inputs = node.inputs.map((input) => instead.get(input) ?? input);
    if (inputs.some((input, i) => input !== node.inputs[i])) instead.set(node, copyOf(node, inputs));
  }
  // Gradients that segments wait for were the old ones until now.
  for (const node of origin.keys()) {
    const isGate = node.operation === zero;
    if (isGate) node.inputs = node.inputs.map((input) => instead.get(input) ?? input);
  }
  const roots = traced.roots.map((root) => (place.has(root) ? root : (instead.get(root) ?? root)));
  const places = new Map(traced.order.map((node, i) => [node, i]));
  return {
    trace: { ...traced, order: inOrder(roots), roots },
    indexOf: (node) => places.get(origin.get(node) ?? node) ?? 0,
  };
}

/** Nodes to compute, inputs before users, without recursion. */
function inOrder(roots: readonly LazyNode[]): readonly LazyNode[] {
  const order: LazyNode[] = [];
  const visited = new Set<LazyNode>();
  const stack: { readonly node: LazyNode; next: number }[] = [];
  const visit = (node: LazyNode) => {
    if (node.value !== null || visited.has(node)) return;
    visited.add(node);
    stack.push({ node, next: 0 });
  };
  for (const root of roots) {
    visit(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.node.inputs[top.next++];
      if (input !== undefined) visit(input);
      else {
        stack.pop();
        order.push(top.node);
      }
    }
  }
  return order;
}
