import type { StateDict } from '@cnnzoo/weights';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { createModel } from '../networks/create-model.js';
import type { ModelId, OptionsOf } from '../networks/models.js';

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

/** How many classes the head has in these weights of a network, or undefined where they call it otherwise. tfjs needs a backend. */
export function classesInHead(weights: StateDict, network: ModelId): number | undefined {
  const model = createModel(network, { initialWeights: 'zeros' } as OptionsOf<ModelId>);
  try {
    return weights.get(`${headOf(model).name}.weight`)?.shape[0];
  } finally {
    model.dispose();
  }
}
