/** Compares a network with the golden figures of torchvision's. */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ModelGolden } from './golden-files.js';
import { goldenInput } from './golden-numbers.js';
import { relativeError } from './golden-training.js';
import { loadGoldenWeights } from './pytorch-weights.js';

/** Parameters as PyTorch counts them: what an optimizer sees, which running statistics are not. */
export function parameterCount(model: LayersModel): number {
  const size = (shape: readonly (number | null)[]) => shape.reduce<number>((product, each) => product * (each ?? 1), 1);
  return model.trainableWeights.reduce((sum, { shape }) => sum + size(shape), 0);
}

/**
 * torchvision's layers and their output shapes [height, width, channels], and what the model has under those names. A module that is
 * called again is another layer here, named as torchvision names its node: relu, relu_1, relu_2.
 */
export function layerShapes(
  model: LayersModel,
  golden: ModelGolden,
): { expected: [string, readonly number[]][]; actual: [string, unknown][] } {
  const named = new Map(model.layers.map((layer) => [layer.name, layer]));
  const calls = new Map<string, number>();
  const expected = (golden.layers ?? []).map(([name, , [channels = 0, ...size]]): [string, number[]] => {
    const call = calls.get(name) ?? 0;
    calls.set(name, call + 1);
    return [call === 0 ? name : `${name}_${call}`, [...size, channels]];
  });
  const actual = expected.map(([name, [height, width, channels]]): [string, unknown] => {
    const shape = named.get(name)?.outputShape.slice(1);
    // tfjs's global pooling gives [channels] where PyTorch's gives [channels, 1, 1].
    const isPooled = height === 1 && width === 1 && shape?.length === 1;
    return [name, isPooled && shape[0] === channels ? [1, 1, channels] : shape];
  });
  return { expected, actual };
}

/** How far the logits of a model with the golden weights are from the golden ones, as a share of their norm. */
export async function goldenLogitsError(model: LayersModel, golden: ModelGolden): Promise<number> {
  const [channels, height, width] = golden.input;
  loadGoldenWeights(model);
  const found = tf.tidy(() => {
    const image = tf.tensor4d(goldenInput(1, channels, height, width), [1, height, width, channels]);
    return model.predict(image) as tf.Tensor;
  });
  const error = relativeError(await found.data(), golden.logits ?? []);
  found.dispose();
  return error;
}
