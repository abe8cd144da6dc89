import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * The layer that gives a network's logits: the last one with weights on the way to its first output.
 * @throws RangeError where the network has no weights there
 */
export function headOf(model: LayersModel): LayersModel['layers'][number] {
  let layer = model.outputs[0]?.sourceLayer;
  while (layer !== undefined && layer.weights.length === 0) layer = layer.inboundNodes[0]?.inboundLayers[0];
  if (layer === undefined) throw new RangeError(`model '${model.name}' has no layer with weights before its output`);
  return layer;
}
