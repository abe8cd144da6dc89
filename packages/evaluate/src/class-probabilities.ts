import type { Image } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Protocol } from './protocol.js';

/** A picture, and how error messages call it. */
export interface NamedImage {
  readonly image: Image;
  readonly name: string;
}

/** The number of classes of a model's first output. */
export function classCount(model: LayersModel): number {
  return Number(model.outputs[0]?.shape.at(-1));
}

/**
 * Class probabilities of pictures, in one forward pass over all of their crops: softmax of the logits, averaged over a picture's
 * crops.
 * @returns for each picture an array of as many probabilities as there are classes
 * @throws RangeError naming the picture whose crops do not fit the model
 */
export async function classProbabilities(
  model: LayersModel,
  pictures: readonly NamedImage[],
  protocol: Protocol,
): Promise<Float32Array[]> {
  const crops = pictures.map(({ image, name }) => {
    const inputs = protocol.crops(image);
    for (const input of inputs) checkInput(model, input, name);
    return inputs;
  });
  const all = crops.flat();
  const [first] = all;
  if (first === undefined) return [];
  const values = new Float32Array(all.length * first.data.length);
  for (const [i, { data }] of all.entries()) values.set(data, i * data.length);
  const probabilities = tf.tidy(() => {
    const inputs = tf.tensor4d(values, [all.length, first.height, first.width, first.channels]);
    const outputs = model.apply(inputs, { training: false });
    return tf.softmax((Array.isArray(outputs) ? outputs[0] : outputs) as tf.Tensor2D);
  });
  const flat = (await probabilities.data()) as Float32Array;
  probabilities.dispose();
  const classes = flat.length / all.length;
  let row = 0;
  return crops.map((inputs) => {
    const mean = new Float32Array(classes);
    for (const _ of inputs) {
      for (let k = 0; k < classes; k++) mean[k] = (mean[k] ?? 0) + (flat[row * classes + k] ?? 0) / inputs.length;
      row++;
    }
    return mean;
  });
}

function checkInput(model: LayersModel, { width, height, channels, data }: Image, name: string): void {
  const shape = model.inputs[0]?.shape ?? [];
  const fits = [height, width, channels].every((size, i) => shape[i + 1] === null || shape[i + 1] === size);
  if (!fits || data.length !== width * height * channels)
    throw new RangeError(
      `${name}: the protocol gives ${height} x ${width} x ${channels}, expected ${shape
        .slice(1)
        .map((size) => size ?? 'any')
        .join(' x ')} for model '${model.name}'`,
    );
}
