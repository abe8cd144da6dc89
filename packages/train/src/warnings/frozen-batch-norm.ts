import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';

type Layer = LayersModel['layers'][number];

/** A batch norm that was frozen, and where its statistics are. */
interface FrozenBatchNorm {
  readonly layer: Layer;
  /** Of the model itself, not of a model in it. */
  readonly outermost: boolean;
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/** Batch norms that have weights of their own and train none of them. */
function* frozenBatchNorms(layers: readonly Layer[], outermost = true): Generator<FrozenBatchNorm> {
  for (const layer of layers) {
    if ('layers' in layer && Array.isArray(layer.layers)) yield* frozenBatchNorms(layer.layers, false);
    else if (layer.trainableWeights.length === 0) {
      const find = (name: string) => layer.weights.find(({ originalName }) => originalName.endsWith(name))?.read();
      const [mean, variance] = [find('moving_mean'), find('moving_variance')];
      if (mean !== undefined && variance !== undefined) yield { layer, outermost, mean, variance };
    }
  }
}

/** What is wrong with the frozen batch norms of a model before its first step, or null. */
export async function frozenStatistics(model: LayersModel): Promise<string | null> {
  for (const { layer, mean, variance } of frozenBatchNorms(model.layers)) {
    if (layer.getClassName() === 'BatchNormalization')
      return (
        `layer '${layer.name}' is frozen, but tfjs's own batchNormalization changes its running statistics all the same. ` +
        'Build the network with batchNorm() of @cnnzoo/blocks, which leaves them alone.'
      );
    const [means, variances] = [await mean.data(), await variance.data()];
    if (means.every((value) => value === 0) && variances.every((value) => value === 1))
      return (
        `batch norm '${layer.name}' is frozen with the statistics of a network that was never trained, mean 0 and variance 1. ` +
        'Load weights before freezing, or unfreeze it.'
      );
  }
  return null;
}

/** Images that are enough to see whether statistics fit. */
const looked = 8;
/**
 * What a batch norm with fitting statistics gives has mean 0 and deviation 1. Images of another kind change both by a small factor, values in
 * other units by hundreds.
 */
const [smallest, largest] = [0.05, 10];

/** What is wrong with the first frozen batch norm's statistics for these images, or null. The next ones get what this one gives. */
export async function fittingStatistics(model: LayersModel, images: tf.Tensor4D): Promise<string | null> {
  const first = frozenBatchNorms(model.layers).next().value;
  if (first === undefined || !first.outermost || first.layer.inboundNodes.length !== 1) return null;
  const { layer, mean, variance } = first;
  const before = layer.input as SymbolicTensor;
  const part = makeModel({ inputs: model.inputs, outputs: before });
  const count = Math.min(looked, images.shape[0]);
  const [means, deviations] = tf.tidy(() => {
    const x = part.predict(tf.slice(images, 0, count)) as tf.Tensor;
    const normalized = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
    const axes = x.shape.slice(0, -1).map((_, axis) => axis);
    const moments = tf.moments(normalized, axes);
    return [moments.mean, tf.sqrt(moments.variance)];
  });
  try {
    const distance = median((await means.data()).map(Math.abs));
    const deviation = median(await deviations.data());
    if (distance <= largest && deviation <= largest && deviation >= smallest) return null;
    return (
      `the statistics of the frozen batch norm '${layer.name}' do not fit the images: what it gives has mean ${distance.toPrecision(2)} and ` +
      `deviation ${deviation.toPrecision(2)}, which should be near 0 and 1. Normalize the images as the weights expect, or unfreeze it.`
    );
  } finally {
    tf.dispose([means, deviations]);
  }
}

function median(values: ArrayLike<number>): number {
  const sorted = Float32Array.from(values).sort();
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
