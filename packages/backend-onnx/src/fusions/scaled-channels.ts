/** x a + b and x a + z, with one factor a channel, as batch norm's result and its gradient have them: a depthwise 1x1 convolution, one pass. */
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import { isChannelVector, scaleChannels } from '../kernels/channel-scale.js';
import { channelVector } from '../kernels/convolution/forward.js';

interface Scaled {
  /** What is scaled. */
  readonly x: LazyNode;
  /** One number a channel. */
  readonly factor: LazyNode;
  readonly added: LazyNode;
}

/** A sum whose one term is a value in NCHW times one factor a channel, a product that nothing else reads. */
function scaledTerm(graph: Emission, node: LazyNode): Scaled | null {
  const [a, b] = node.inputs;
  const channels = node.shape[3] ?? 1;
  if (a === undefined || b === undefined || node.shape.length !== 4 || node.dtype !== 'float32') return null;
  for (const [product, added] of [
    [a, b],
    [b, a],
  ] as const) {
    if (product.name !== 'Multiply' || product.value !== null || graph.usesOf(product) !== 1) continue;
    const [left, right] = product.inputs as [LazyNode, LazyNode];
    for (const [x, factor] of [
      [left, right],
      [right, left],
    ] as const)
      if (x.shape.join() === node.shape.join() && isChannelVector(factor, channels) && !isChannelVector(x, channels))
        if (graph.layoutOf(x) === 'channelsFirst') return { x, factor, added };
  }
  return null;
}

/** onnxruntime adds what is as large as the result, and a ReLU after it, to the same kernel. */
export function emitScaledChannels(graph: Emission, node: LazyNode): boolean {
  const found = scaledTerm(graph, node);
  if (found === null) return false;
  const { x, factor, added } = found;
  const [, height = 1, width = 1, channels = 1] = node.shape;
  const shifts = isChannelVector(added, channels);
  if (!shifts && added.shape.join() !== node.shape.join()) return false;
  const planes = { name: graph.get(x, 'channelsFirst'), channels, pixels: height * width };
  const scale = channelVector(graph, factor, channels);
  const scaled = scaleChannels(graph, planes, scale, shifts ? channelVector(graph, added, channels) : null);
  if (scaled === null) return false;
  graph.set(node, 'channelsFirst', shifts ? scaled : graph.op('Add', [scaled, graph.get(added, 'channelsFirst')]));
  return true;
}
