/** What a convolution has made in blocks of channels stays in blocks where the next operation can read them. */
import { at } from '../graph/at.js';
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import type { OnnxGraph } from '../graph/onnx-graph.js';
import { blockedDomain, blocksOf, fromBlocks } from '../kernels/blocked-values.js';
import { commonLayout } from '../kernels/elementwise.js';
import { askedForm, padsZeros, readByMaxPool } from '../kernels/pooling.js';
import { type Window, windowAttributes } from '../kernels/window.js';

/** Blocks of the NCHW form of blocks. */
export function blocksThroughout(graph: OnnxGraph, [name = '']: readonly string[]): string | null {
  return blocksOf(graph, name)?.name ?? null;
}

/** ReLU that alone reads a convolution becomes the convolution's own. */
export function emitReluInBlocks(graph: Emission, node: LazyNode): boolean {
  const x = at(node.inputs, 0);
  if (graph.usesOf(x) !== 1) return false;
  const layout = commonLayout(graph, node);
  const blocks = blocksOf(graph, graph.operand(x, layout));
  if (blocks === null || blocks.maker.type !== 'Conv' || 'activation' in blocks.maker.attributes) return false;
  const { inputs, attributes } = blocks.maker;
  const rectified = graph.op('Conv', inputs, { ...attributes, activation: 'Relu' }, blockedDomain);
  graph.set(node, layout, fromBlocks(graph, rectified, blocks.channels));
  return true;
}

export function emitMaxPoolInBlocks(graph: Emission, node: LazyNode): boolean {
  const padded = at(node.inputs, 0);
  const { x, window } = readByMaxPool(graph, padded, node.attributes as Window);
  const form = askedForm(graph, padded, x, window);
  if (form === 'indices' || form === 'blocks') return false;
  if (padsZeros(x) || window.dilations.some((dilation) => dilation !== 1)) return false;
  const blocks = blocksOf(graph, graph.get(x, 'channelsFirst'));
  if (blocks === null) return false;
  const pooled = graph.op('MaxPool', [blocks.name], windowAttributes(window), blockedDomain);
  graph.set(node, 'channelsFirst', fromBlocks(graph, pooled, blocks.channels));
  return true;
}
