/**
 * Values in blocked layout (see blocked-convolution.ts) beside their NCHW form. What a convolution has made in blocks goes on in
 * blocks where the next operation can read them: a convolution, a max pooling, and ReLU, which becomes the convolution's own.
 * Whoever wants NCHW takes the name that it has there; what nobody reads is left out of the graph.
 */
import type { GraphBuilder } from '../graph/graph-builder.js';
import { type Window, windowAttributes } from './window.js';

export const blockedDomain = 'com.microsoft.nchwc';

interface BlockedValue {
  /** Its name in blocks. */
  readonly name: string;
  /** A multiple of the block. */
  readonly channels: number;
  /** Makes it once more with ReLU at its end, @returns the name in blocks. Null where it has no place for that. */
  readonly rectified: (() => string) | null;
}

/** For each graph the values that are there in blocks, by their name in NCHW. */
const values = new WeakMap<GraphBuilder, Map<string, BlockedValue>>();

function blockedForm(graph: GraphBuilder, name: string): BlockedValue | null {
  return values.get(graph)?.get(name) ?? null;
}

/** @returns the value's name in NCHW */
export function fromBlocks(graph: GraphBuilder, value: BlockedValue): string {
  const name = graph.op('ReorderOutput', [value.name], { channels: value.channels }, blockedDomain);
  const known = values.get(graph);
  if (known) known.set(name, value);
  else values.set(graph, new Map([[name, value]]));
  return name;
}

/**
 * @param name of a value in NCHW whose channels are a multiple of the block
 * @returns its name in blocks
 */
export function toBlocks(graph: GraphBuilder, name: string): string {
  return blockedForm(graph, name)?.name ?? graph.op('ReorderInput', [name], {}, blockedDomain);
}

/**
 * ReLU of a value that nothing else reads, in the convolution that makes it.
 * @param name of the value in NCHW
 * @returns the result's name in NCHW, or null where the value is not made in blocks
 */
export function reluInBlocks(graph: GraphBuilder, name: string): string | null {
  const value = blockedForm(graph, name);
  if (value === null || value.rectified === null) return null;
  return fromBlocks(graph, { name: value.rectified(), channels: value.channels, rectified: null });
}

/** Max pooling, as `reluInBlocks`. */
export function maxPoolInBlocks(graph: GraphBuilder, name: string, window: Window): string | null {
  const value = blockedForm(graph, name);
  if (value === null || window.dilations.some((dilation) => dilation !== 1)) return null;
  const pooled = graph.op('MaxPool', [value.name], windowAttributes(window), blockedDomain);
  return fromBlocks(graph, { name: pooled, channels: value.channels, rectified: null });
}
