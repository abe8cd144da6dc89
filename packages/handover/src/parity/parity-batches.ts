/** The batches of a parity run, and their file. */
import type { Batch } from '@cnnzoo/train';
import type { StateDict } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Noise that is brighter or darker by the class, so that there is something to learn. The caller disposes of it. */
export function drawBatches(model: LayersModel, batchSize: number, steps: number): Batch[] {
  const size = model.inputs[0]?.shape.slice(1).map(Number) ?? [];
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
    if (labels.shape.length !== 1)
      throw new RangeError(`batches[${i}].labels must be [count], indices of classes, got [${labels.shape}]`);
    dict.set(`images.${i}`, { shape: images.shape, dtype: 'F32', data: await images.data<'float32'>() });
    dict.set(`labels.${i}`, { shape: labels.shape, dtype: 'I32', data: Int32Array.from(await labels.data()) });
    dict.set(`learning_rate.${i}`, { shape: [], dtype: 'F32', data: Float32Array.of(learningRate) });
  }
  return dict;
}
