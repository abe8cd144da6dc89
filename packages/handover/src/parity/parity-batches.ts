/** The batches of a parity run, and their file. */
import type { Batch } from '@cnnzoo/train';
import type { StateDict } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * What a network takes: [height, width, channels].
 * @throws RangeError where it takes more than one input, or one of open size
 */
export function inputSize(model: LayersModel): readonly number[] {
  const [input, ...others] = model.inputs;
  const size = input?.shape.slice(1) ?? [];
  if (others.length > 0 || size.length !== 3 || size.some((extent) => extent === null))
    throw new RangeError(
      `model '${model.name}' must have one input of known height, width and channels, got [${size.map((extent) => extent ?? 'any').join(', ')}]`,
    );
  return size.map(Number);
}

/** @throws RangeError naming the tensor that does not fit the network */
export function checkBatches(model: LayersModel, batches: readonly Batch[]): void {
  const size = inputSize(model);
  for (const [i, { images, labels }] of batches.entries()) {
    const [count, ...own] = images.shape;
    if (`${own}` !== `${size}`)
      throw new RangeError(
        `batches[${i}].images must be [count, ${size.join(', ')}], got [${images.shape.join(', ')}]`,
      );
    if (labels.shape.length !== 1 || labels.shape[0] !== count)
      throw new RangeError(
        `batches[${i}].labels must be [${count}], indices of classes, got [${labels.shape.join(', ')}]`,
      );
  }
}

/** Noise that is brighter or darker by the class, so that there is something to learn. The caller disposes of it. */
export function drawBatches(model: LayersModel, batchSize: number, steps: number): Batch[] {
  const size = inputSize(model);
  const classes = Number(model.outputs[0]?.shape.at(-1));
  return Array.from({ length: steps }, (_, step) => {
    const labels = Int32Array.from({ length: batchSize }, (_, i) => (7 * i + step) % classes);
    const images = tf.tidy(() => {
      const noise = tf.randomNormal([batchSize, ...size], 0, 1, 'float32', 100 + step);
      return tf.add(noise, tf.reshape(tf.div(tf.tensor1d([...labels]), classes), [batchSize, 1, 1, 1])) as tf.Tensor4D;
    });
    return { images, labels: tf.tensor1d(labels, 'int32') };
  });
}

/** `images.0` [count, height, width, channels], `labels.0`, `learning_rate.0` and so on. */
export async function batchesFile(batches: readonly Batch[], learningRate: number): Promise<StateDict> {
  const dict: StateDict = new Map();
  for (const [i, { images, labels }] of batches.entries()) {
    dict.set(`images.${i}`, { shape: images.shape, dtype: 'F32', data: await images.data<'float32'>() });
    dict.set(`labels.${i}`, { shape: labels.shape, dtype: 'I32', data: Int32Array.from(await labels.data()) });
    dict.set(`learning_rate.${i}`, { shape: [], dtype: 'F32', data: Float32Array.of(learningRate) });
  }
  return dict;
}
