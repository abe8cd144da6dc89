/**
 * Cross-layer equalization: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019), section 4.1. Where a layer's channel
 * is divided by s and the next layer's weights for it are multiplied by s, nothing changes in float. With s = sqrt(r1 / r2), of the largest weights r1 and r2
 * that the channel has in the two layers, it has the same range in both, and one scale for all channels fits them better.
 */
import type { NodeProto } from '@cnnzoo/onnx-format';
import type { Graph } from '../graph/graph.js';
import { layerPairs } from './layer-pairs.js';
import { type ScaledLayer, scaledLayer } from './scaled-layer.js';

/** Pairs are gone through until no channel changes by more than this share. */
const smallestChange = 1e-6;
/** A chain of layers settles slowly: each pair changes the ranges of the pairs beside it. */
const mostSweeps = 200;

/**
 * @param graph with batch normalization folded: its weights and biases are replaced
 * @param model its name
 * @throws RangeError where no two layers of it can be equalized, naming what stands between them
 */
export function equalize(graph: Graph, model: string): void {
  const { pairs, between } = layerPairs(graph);
  if (pairs.length === 0)
    throw new RangeError(
      `equalize: ${model} has no layer whose channels the next one could scale back${between.size > 0 ? `: behind its layers are ${[...between].join(', ')}` : ''}. Leave equalize out`,
    );
  const layers = new Map<NodeProto, ScaledLayer>();
  const layerOf = (node: NodeProto): ScaledLayer => {
    const known = layers.get(node);
    if (known !== undefined) return known;
    const layer = scaledLayer(graph, node, {
      outputChannels: pairs.some(({ first }) => first === node),
      inputChannels: pairs.find(({ second }) => second === node)?.channels ?? null,
    });
    layers.set(node, layer);
    return layer;
  };
  const ends = pairs.map(({ first, second }) => [layerOf(first), layerOf(second)] as const);
  for (let [sweep, change] = [0, 1]; sweep < mostSweeps && change > smallestChange; sweep++)
    change = ends.reduce((most, [first, second]) => Math.max(most, equalizePair(first, second)), 0);
  for (const layer of layers.values()) layer.write();
}

/** @returns by what share the channel changes that changes the most */
function equalizePair(first: ScaledLayer, second: ScaledLayer): number {
  const [made, read] = [first.outputRanges(), second.inputRanges()];
  // A channel without weights on one side is left alone: it has no range there.
  const factors = made.map((range, channel) => {
    const factor = Math.sqrt(range / (read[channel] ?? 0));
    return factor > 0 && Number.isFinite(factor) ? factor : 1;
  });
  first.scaleOutputs(factors.map((factor) => 1 / factor));
  second.scaleInputs(factors);
  return factors.reduce((most, factor) => Math.max(most, Math.abs(factor - 1)), 0);
}
