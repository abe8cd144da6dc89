import type * as tf from '@tensorflow/tfjs-core';
import type { layers, Shape } from '@tensorflow/tfjs-layers';

/** What tfjs passes to a layer's `call` besides the inputs. */
export type CallOptions = Parameters<layers.Layer['call']>[1];

/** The only input of a layer. @throws TypeError where there are several */
export function onlyTensor<Rank extends tf.Rank>(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor<Rank> {
  const [first, ...others] = [inputs].flat();
  if (first === undefined || others.length > 0) throw new TypeError('a layer for one tensor got several or none');
  return first as tf.Tensor<Rank>;
}

/**
 * The shape of a layer's only input.
 * @throws RangeError where there are several, or it has another rank
 */
export function onlyShape(
  shape: Shape | Shape[],
  layer: string,
  ranks: readonly number[] = [4],
  expected = '[batch, height, width, channels]',
): Shape {
  const single = shape.length === 1 ? shape[0] : shape;
  if (!Array.isArray(single) || !ranks.includes(single.length) || Array.isArray(single[0]))
    throw new RangeError(`the input of layer ${layer} must be ${expected}, got [${shape.join('; ')}]`);
  return single as Shape;
}

/** The channels of an input, which a layer with weights has to know. @throws RangeError where they are unknown */
export function knownChannels(shape: Shape, layer: string): number {
  const channels = shape[shape.length - 1];
  if (channels === null || channels === undefined)
    throw new RangeError(`the input of layer ${layer} must have a known number of channels, got [${shape.join(', ')}]`);
  return channels;
}
