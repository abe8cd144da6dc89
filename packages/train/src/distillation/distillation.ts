/** Learning from a trained network: Hinton et al., "Distilling the knowledge in a neural network" (2015). */
import { callable, check, checkOptions, either, layersModel, number, optional, positive } from '@cnnzoo/checks';
import { crossEntropy } from '@cnnzoo/losses';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Loss, logitsOf } from '../loop/backward.js';
import { type Batch, type Loader, loaderRule } from '../loop/batch.js';

/** The options of `distillation`. */
export interface DistillationOptions {
  /** What the logits of both networks are divided by before the softmax. Default 3, FitNets'. */
  readonly temperature?: number;
  /** How much the teacher counts beside the labels, or that for each epoch. Default 4, with which FitNets begin. */
  readonly weight?: number | ((epoch: number) => number);
}

/** What `train` needs to learn from a teacher. */
export interface Distillation {
  /** The loader, whose batches the teacher sees first. */
  readonly loader: Loader;
  /** For `train`'s option `loss`. Of batches that the teacher has not seen, such as validation's, it is the cross-entropy. */
  readonly loss: Loss;
}

interface Lesson {
  readonly images: Batch['images'];
  readonly weight: number;
}

/**
 * A loader and a loss with which `train` distils a teacher into a student: FitNets, equation 2.
 *
 *   loss = crossEntropy(labels, logits) + weight * crossEntropy(softmax(teacher / temperature), logits / temperature)
 *
 * Both networks see the same images. The teacher is not trained, and the caller's to dispose.
 *
 * @param teacher a trained model of the same input and classes
 * @param loader of the training images
 * @throws TypeError or RangeError naming the argument that is wrong
 * @example
 * import { cifarFitnet4, cifarNin } from '@cnnzoo/cifar-networks';
 * import { distillation, recipeOptions, train } from '@cnnzoo/train';
 *
 * const [teacher, student] = [cifarNin(), cifarFitnet4({ dropout: 0 })]; // the teacher trained
 * const taught = distillation(teacher, loader);
 * const options = { ...recipeOptions('fitnet-cifar'), loss: taught.loss };
 * const { interrupted } = await train(student, taught.loader, options);
 * if (interrupted !== null) console.log(`ended early by ${interrupted}`);
 */
export function distillation(teacher: LayersModel, loader: Loader, options: DistillationOptions = {}): Distillation {
  check('teacher', teacher, layersModel<LayersModel>());
  check('loader', loader, loaderRule);
  const { temperature = 3, weight = 4 } = checkOptions<DistillationOptions>('distillation', options, {
    temperature: optional(positive),
    weight: optional(either(number(0), callable<(epoch: number) => number>('a function of the epoch'))),
  });
  // By the labels, because they are what a loss is called with. The batch's owner disposes of both.
  const lessons = new WeakMap<Batch['labels'], Lesson>();
  async function* epoch(index: number, fromBatch?: number): AsyncIterable<Batch> {
    const share = check('what weight gives', typeof weight === 'function' ? weight(index) : weight, number(0));
    for await (const batch of loader.epoch(index, fromBatch)) {
      lessons.set(batch.labels, { images: batch.images, weight: share });
      yield batch;
    }
  }
  return {
    loader: { ...loader, epoch },
    loss: (labels, logits) => {
      const own = crossEntropy(labels, logits);
      const lesson = lessons.get(labels);
      if (lesson === undefined) return own;
      const targets = tf.softmax(tf.div<tf.Tensor2D>(logitsOf(teacher, lesson.images, false)[0], temperature));
      return tf.add(own, tf.mul(crossEntropy(targets, tf.div(logits, temperature)), lesson.weight));
    },
  };
}
