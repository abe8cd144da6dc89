/** What a training step changes, by name: weights and running statistics, and what the optimizer remembers of the weights. */
import type { StatefulOptimizer } from '@cnnzoo/train';
import { modelWeights } from '@cnnzoo/weights';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** The count of updates, beside the tensors. */
export const iterationsName = 'iterations';

/** Layers' names and PyTorch's roles: `conv1.weight`, `bn1.running_mean`, `conv1.weight.momentum_buffer`. */
export function stepState(model: LayersModel, optimizer: StatefulOptimizer): Record<string, tf.Variable> {
  const trained = new Set(model.trainableWeights.map((weight) => weight.read() as tf.Variable));
  const weights = modelWeights(model).map(({ key, variable }) => [key, variable.read() as tf.Variable] as const);
  const slots = weights
    .filter(([, variable]) => trained.has(variable))
    .flatMap(([key, variable]) =>
      Object.entries(optimizer.prepareSlots(variable)).map(([slot, value]) => [`${key}.${slot}`, value] as const),
    );
  return Object.fromEntries([...weights, ...slots]);
}
