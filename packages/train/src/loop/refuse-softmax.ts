import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * Cross-entropy takes the softmax itself: after a softmax in the network it would be a double one, which trains, but badly.
 * @throws TypeError where the model ends in a softmax
 */
export function refuseSoftmax(model: LayersModel): void {
  for (const { sourceLayer } of model.outputs) {
    const { activation } = sourceLayer.getConfig();
    if (sourceLayer.getClassName() === 'Softmax' || activation === 'softmax')
      throw new TypeError(
        `model '${model.name}' ends in a softmax ('${sourceLayer.name}'), but the loss takes logits: build it with classifierActivation: 'linear', or give a loss of your own`,
      );
  }
}
