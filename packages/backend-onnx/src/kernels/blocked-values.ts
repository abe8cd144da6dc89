/**
 * Values in blocked layout (see convolution/blocked-convolution.ts) beside their NCHW form. Whoever makes a value in blocks gives it
 * on in NCHW, which is another node; whoever reads blocks asks for them by `toBlocks`. Where both meet, a fusion leaves out the way
 * through NCHW, and what nobody reads is left out of the graph.
 */
import type { OnnxGraph, OnnxNode } from '../graph/onnx-graph.js';

export const blockedDomain = 'com.microsoft.nchwc';

export const toBlocksOperator = 'ReorderInput';
const fromBlocksOperator = 'ReorderOutput';

/**
 * @param name of a value in blocks
 * @returns its name in NCHW
 */
export function fromBlocks(graph: OnnxGraph, name: string, channels: number): string {
  return graph.op(fromBlocksOperator, [name], { channels }, blockedDomain);
}

/**
 * @param name of a value in NCHW whose channels are a multiple of the block
 * @returns its name in blocks
 */
export function toBlocks(graph: OnnxGraph, name: string): string {
  return graph.op(toBlocksOperator, [name], {}, blockedDomain);
}

/**
 * The blocks of which a value in NCHW is made.
 * @returns their name and the node that makes them; null where the value is not made of blocks
 */
export function blocksOf(graph: OnnxGraph, name: string): { name: string; channels: number; maker: OnnxNode } | null {
  const reorder = graph.madeBy(name);
  const [blocks] = reorder?.inputs ?? [];
  if (reorder?.type !== fromBlocksOperator || blocks === undefined) return null;
  const maker = graph.madeBy(blocks);
  const { channels } = reorder.attributes;
  return maker === null || typeof channels !== 'number' ? null : { name: blocks, channels, maker };
}
