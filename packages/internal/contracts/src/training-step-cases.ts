/** Networks whose exported training steps are compared with the engine, and the batches of a run. */
import { googlenet } from '@cnnzoo/googlenet';
import { lenet5 } from '@cnnzoo/lenet';
import { cifarResnet, resnet18 } from '@cnnzoo/resnet';
import { sgd } from '@cnnzoo/train';
import { vgg11 } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

export interface StepCase {
  readonly name: string;
  readonly build: () => LayersModel;
  readonly classes: number;
  readonly batchSize: number;
  /**
   * Small where training amplifies rounding: at 0.01, PyTorch's own float32 is off by 1e-4 after four steps of the residual network
   * (packages/internal/testing/golden/training/cifar_resnet20.json).
   */
  readonly learningRate: number;
}

const seed = 1;

export const stepCases: readonly StepCase[] = [
  { name: 'lenet5', build: () => lenet5({ seed }), classes: 10, batchSize: 64, learningRate: 0.02 },
  {
    name: 'cifar-resnet20',
    build: () => cifarResnet({ depth: 20, seed }),
    classes: 10,
    batchSize: 32,
    learningRate: 0.0001,
  },
  {
    name: 'resnet18',
    build: () => resnet18({ numClasses: 10, seed }),
    classes: 10,
    batchSize: 8,
    learningRate: 0.0001,
  },
  { name: 'vgg11', build: () => vgg11({ numClasses: 10, seed }), classes: 10, batchSize: 4, learningRate: 0.001 },
  {
    name: 'googlenet',
    build: () => googlenet({ numClasses: 10, auxiliaryHeads: true, seed }),
    classes: 10,
    batchSize: 8,
    learningRate: 0.0001,
  },
];

export const stepOptimizer = ({ learningRate }: StepCase) => sgd({ learningRate, momentum: 0.9, weightDecay: 1e-4 });

export interface StepBatch {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
}

/** Noise of which some columns are brighter, by the class. The caller disposes of it. */
export function stepBatches(model: LayersModel, { classes, batchSize }: StepCase, count: number): StepBatch[] {
  const size = model.inputs[0]?.shape.slice(1).map(Number) ?? [];
  return Array.from({ length: count }, (_, step) => {
    const labels = Int32Array.from({ length: batchSize }, (_, i) => (7 * i + step) % classes);
    const images = tf.tidy(() => {
      const noise = tf.randomNormal([batchSize, ...size], 0, 1, 'float32', 100 + step);
      return tf.add(noise, tf.reshape(tf.div(tf.tensor1d([...labels]), classes), [batchSize, 1, 1, 1])) as tf.Tensor4D;
    });
    return { images, labels: tf.tensor1d(labels, 'int32') };
  });
}
