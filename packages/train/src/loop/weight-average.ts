import { loadStateDict, type StateDict, stateDict } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** A second set of a model's weights, running statistics included, that follows them slowly. */
export interface WeightAverage {
  /** Moves the average towards the weights. Nothing is read: it is part of the step's graph. */
  update(step: number): void;
  /** Runs `use` while the model has the average as its weights. */
  during<T>(use: () => Promise<T>): Promise<T>;
  /** Makes the average the model's weights. */
  apply(): void;
  /** The average under PyTorch's keys. */
  stateDict(): StateDict;
  dispose(): void;
}

/**
 * Starts an exponential moving average of a model's weights: Szegedy et al. (2016) evaluate with it; Polyak and Juditsky (1992).
 *
 *   a = d a + (1 - d) w, d = min(decay, (1 + step) / (10 + step))
 *
 * so that the first weights are soon forgotten, as in TensorFlow's.
 * @param restored the average of a resumed run
 */
export function startAverage(model: LayersModel, decay: number, restored: StateDict | undefined): WeightAverage {
  const weights = model.weights
    .filter(({ dtype }) => dtype === 'float32')
    .map((weight) => weight.read() as tf.Variable);
  const averages = weights.map((weight) => tf.variable(weight, false));

  /** What the weights and the averages hold changes places. No values move. */
  const swap = () =>
    tf.tidy(() => {
      for (const [i, weight] of weights.entries()) {
        const average = averages[i];
        if (average === undefined) continue;
        const kept = tf.clone(weight);
        weight.assign(tf.clone(average));
        average.assign(kept);
      }
    });
  if (restored !== undefined) {
    swap();
    loadStateDict(model, restored);
    swap();
  }
  return {
    update(step) {
      tf.tidy(() => {
        const d = Math.min(decay, (1 + step) / (10 + step));
        const [keep, take] = [tf.scalar(d), tf.scalar(1 - d)];
        for (const [i, weight] of weights.entries()) {
          const average = averages[i];
          average?.assign(tf.add(tf.mul(average, keep), tf.mul(weight, take)));
        }
      });
    },
    async during(use) {
      swap();
      try {
        return await use();
      } finally {
        swap();
      }
    },
    apply() {
      for (const [i, weight] of weights.entries()) {
        const average = averages[i];
        if (average !== undefined) tf.tidy(() => weight.assign(tf.clone(average)));
      }
    },
    stateDict() {
      swap();
      try {
        return stateDict(model);
      } finally {
        swap();
      }
    },
    dispose() {
      tf.dispose(averages);
    },
  };
}
