import { check, checkOptions, integer, layersModel, optional } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

type Layer = LayersModel['layers'][number];

/** The options of `preInitialise`. */
export interface PreInitialiseOptions {
  /** Decides the random weights. Default 0. */
  readonly seed?: number;
}

/** What `preInitialise` did, by names of the deeper network's layers. */
export interface PreInitialisation {
  /** Layers with the shallower network's weights. */
  readonly copied: readonly string[];
  /** Layers with random ones. */
  readonly random: readonly string[];
}

/**
 * Begins the training of a deep network with a shallow one that has been trained: Simonyan and Zisserman, "Very deep convolutional
 * networks" (2015), section 3.1, who trained their network A and carried its first four convolutions and its dense layers into B to E.
 *
 * The j-th convolution between two poolings goes into the j-th between the same two: A's four are conv1-1, conv2-1, conv3-1 and
 * conv3-2 of the others, whose shapes they have. All other convolutions are drawn from a normal distribution of variance 0.01 (standard
 * deviation 0.1), their biases are zero; norms stay as they are.
 *
 * @param from the trained network, such as `vgg11()`
 * @param to the deeper one, such as `vgg16()`, for the same input and classes
 * @returns which layers got which weights
 * @throws RangeError naming the layer where weights do not fit; nothing has changed then
 * @example
 * import { preInitialise } from '@cnnzoo/train';
 * import { vgg11, vgg16 } from '@cnnzoo/vgg';
 *
 * const shallow = vgg11({ numClasses: 10, inputShape: [64, 64, 3] }); // and train it
 * const deep = vgg16({ numClasses: 10, inputShape: [64, 64, 3] });
 * preInitialise(shallow, deep);
 */
export function preInitialise(
  from: LayersModel,
  to: LayersModel,
  options: PreInitialiseOptions = {},
): PreInitialisation {
  check('from', from, layersModel<LayersModel>());
  check('to', to, layersModel<LayersModel>());
  const { seed = 0 } = checkOptions<PreInitialiseOptions>('preInitialise', options, { seed: optional(integer()) });
  const [source, target] = [sort(from), sort(to)];
  const pairs: [source: Layer, target: Layer][] = source.convolutions.slice(0, 4).map(({ layer, place }) => {
    const counterpart = target.convolutions.find((other) => other.place === place);
    if (counterpart === undefined)
      throw new RangeError(
        `to has no convolution at the place of '${layer.name}' (${place}), so it cannot be carried over`,
      );
    return [layer, counterpart.layer];
  });
  if (source.dense.length !== target.dense.length)
    throw new RangeError(`to has ${target.dense.length} dense layers, expected ${source.dense.length} as from has`);
  for (const [i, layer] of source.dense.entries()) pairs.push([layer, target.dense[i] ?? layer]);
  for (const [one, other] of pairs) {
    const [a, b] = [one, other].map((layer) => layer.weights.map(({ shape }) => `[${shape}]`).join(' '));
    if (a !== b) throw new RangeError(`'${other.name}' of to has weights ${b}, expected ${a} as '${one.name}' of from`);
  }

  const copied = new Set<Layer>();
  for (const [one, other] of pairs) {
    for (const [i, weight] of other.weights.entries()) {
      const value = one.weights[i]?.read();
      if (value !== undefined) weight.write(value);
    }
    copied.add(other);
  }
  const random = target.convolutions.map(({ layer }) => layer).filter((layer) => !copied.has(layer));
  for (const [i, layer] of random.entries())
    for (const weight of layer.weights)
      tf.tidy(() => {
        const shape = weight.shape.map(Number);
        weight.write(shape.length > 1 ? tf.randomNormal(shape, 0, 0.1, 'float32', seed + i + 1) : tf.zeros(shape));
      });
  return { copied: [...copied].map(({ name }) => name), random: random.map(({ name }) => name) };
}

/** Convolutions with their places, such as '2-1' for the first after the first pooling, and dense layers, in order. */
function sort(model: LayersModel): { convolutions: { layer: Layer; place: string }[]; dense: Layer[] } {
  const convolutions: { layer: Layer; place: string }[] = [];
  const dense: Layer[] = [];
  let stage = 1;
  let index = 0;
  for (const layer of model.layers) {
    const rank = Math.max(0, ...layer.weights.map(({ shape }) => shape.length));
    if (rank === 4) convolutions.push({ layer, place: `${stage}-${++index}` });
    else if (rank === 2) dense.push(layer);
    else if (/MaxPooling/i.test(layer.getClassName())) {
      stage++;
      index = 0;
    }
  }
  return { convolutions, dense };
}
