/** LeNet-5 on the site's digits, step by step. Loaded when training starts. */

import { lenet5 } from '@cnnzoo/lenet';
import { crossEntropy, topKAccuracy } from '@cnnzoo/losses';
import { sgd, updateWeights } from '@cnnzoo/train';
import { evaluationTransform, randomGenerator } from '@cnnzoo/transforms';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';
import { type Digits, mnistDigits } from '../mnist.js';

export interface Score {
  readonly loss: number;
  /** Share of the images that are right. */
  readonly accuracy: number;
}

export interface TrainedStep extends Score {
  /** Images in the step. */
  readonly count: number;
  /** Epochs that are done, with the part of the present one. */
  readonly epochs: number;
}

export interface TrainingRun {
  /** What computes: 'webgl' is the graphics card. */
  readonly backend: string;
  step(learningRate: number, batchSize: number): Promise<TrainedStep>;
  /** On the digits that are not trained on. */
  test(): Promise<Score>;
  dispose(): void;
}

/** @param seed of the first weights and of the order of the digits */
export async function startTraining(seed: number): Promise<TrainingRun> {
  if (!(await tf.setBackend('webgl').catch(() => false))) await tf.setBackend('cpu');
  const { training, test } = await mnistDigits();
  const model = lenet5({ seed });
  // As the demo trains, but for the schedule.
  const optimizer = sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4 });
  const trained = tensorsOf(training);
  const tested = tensorsOf(test);
  const order = randomOrder(training.labels.length, seed);
  let done = 0;
  return {
    backend: tf.getBackend(),
    async step(learningRate, batchSize) {
      optimizer.learningRate = learningRate;
      const chosen = tf.tensor1d(order(batchSize), 'int32');
      const batch = { images: tf.gather(trained.images, chosen), labels: tf.gather(trained.labels, chosen) };
      const measures = updateWeights(model, optimizer, batch);
      const [loss, accuracy] = await Promise.all([scalarOf(measures.loss), scalarOf(measures.accuracy)]);
      tf.dispose([chosen, batch.images, batch.labels, { ...measures }]);
      done += chosen.size;
      return { loss, accuracy, count: chosen.size, epochs: done / training.labels.length };
    },
    async test() {
      const measures = tf.tidy(() => {
        const logits = model.predict(tested.images, { batchSize: 250 }) as tf.Tensor2D;
        return { loss: crossEntropy(tested.labels, logits), accuracy: topKAccuracy(tested.labels, logits, 1) };
      });
      const [loss, accuracy] = await Promise.all([scalarOf(measures.loss), scalarOf(measures.accuracy)]);
      tf.dispose(measures);
      return { loss, accuracy };
    },
    dispose() {
      model.dispose();
      optimizer.dispose();
      tf.dispose([trained.images, trained.labels, tested.images, tested.labels]);
    },
  };
}

async function scalarOf(tensor: tf.Tensor): Promise<number> {
  const [value = Number.NaN] = await tensor.data();
  return value;
}

function tensorsOf({ images, labels }: Digits): { readonly images: tf.Tensor4D; readonly labels: tf.Tensor1D } {
  const prepare = evaluationTransform('mnist');
  const side = 32;
  const prepared = new Float32Array(labels.length * side * side);
  for (let i = 0; i < labels.length; i++) {
    const digit = { data: images.subarray(i * 784, (i + 1) * 784), width: 28, height: 28, channels: 1 };
    prepared.set(prepare(digit).data, i * side * side);
  }
  return {
    images: tf.tensor4d(prepared, [labels.length, side, side, 1]),
    labels: tf.tensor1d(Int32Array.from(labels), 'int32'),
  };
}

/** The next indices of an order that begins anew, another one, whenever all have been drawn. */
function randomOrder(count: number, seed: number): (batch: number) => Int32Array {
  const random = randomGenerator(seed);
  let left: number[] = [];
  return (batch) => {
    if (left.length === 0) left = [...random.permutation(count)];
    return Int32Array.from(left.splice(0, batch));
  };
}
