import type * as tf from '@tensorflow/tfjs-core';
import type { layers, Shape } from '@tensorflow/tfjs-layers';

/** What tfjs passes to a layer's `call` besides the inputs. */
export type CallOptions = Parameters<layers.Layer['call']>[1];

/** The only input of a layer. @throws TypeError where there are several, or of another rank */
export function onlyTensor<Rank extends tf.Rank>(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor<Rank> {
  if (!Array.isArray(inputs)) return inputs as tf.Tensor<Rank>;
  const [first] = inputs;
  if (first === undefined || inputs.length > 1) throw new TypeError(`a layer for one tensor got ${inputs.length}`);
  return first as tf.Tensor<Rank>;
}

/**
 * The shape of a layer's only input.
 * @throws TypeError where there are several, RangeError where it has another rank
 */
export function onlyShape(shape: Shape | Shape[], layer: string, ranks: readonly number[] = [4]): Shape {
  const single = Array.isArray(shape[0]) ? shape[0] : (shape as Shape);
  if (Array.isArray(shape[0]) && shape.length > 1)
    throw new TypeError(`layer ${layer} takes one tensor, got ${shape.length}`);
  if (!ranks.includes(single.length)) {
    const wanted = ranks.map((rank) => (rank === 4 ? '[batch, height, width, channels]' : '[batch, features]'));
    throw new RangeError(`layer ${layer} got input of shape [${single.join(', ')}], expected ${wanted.join(' or ')}`);
  }
  return single;
}

/** The channels of an input, which a layer with weights has to know. @throws RangeError where they are unknown */
export function knownChannels(shape: Shape, layer: string): number {
  const channels = shape[shape.length - 1];
  if (channels === null || channels === undefined)
    throw new RangeError(
      `layer ${layer} got input of shape [${shape.join(', ')}], expected a known number of channels`,
    );
  return channels;
}
