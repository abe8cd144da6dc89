/** One training step of a network on random images, to be repeated. */
import { sgd, updateWeights } from '@cnnzoo/train';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { imageShape } from './measure.js';

/** @returns the step, which reads its loss, and what frees its images and its optimizer */
export function trainingStepOf(
  model: LayersModel,
  batch: number,
): { step: () => Promise<number>; dispose: () => void } {
  const images = tf.randomNormal<tf.Rank.R4>([batch, ...imageShape(model)]);
  const labels = tf.randomUniform<tf.Rank.R1>([batch], 0, model.outputs[0]?.shape.at(-1) ?? 1, 'int32');
  // So small that random images lead nowhere.
  const optimizer = sgd({ learningRate: 1e-6, momentum: 0.9 });
  return {
    async step() {
      const measures = updateWeights(model, optimizer, { images, labels });
      const [loss = Number.NaN] = await measures.loss.data();
      tf.dispose(measures);
      return loss;
    },
    dispose() {
      tf.dispose([images, labels]);
      optimizer.dispose();
    },
  };
}
