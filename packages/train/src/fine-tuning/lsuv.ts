import { check, checkOptions, integer, layersModel, optional, positive, tensor } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, type LayerVariable, model as makeModel } from '@tensorflow/tfjs-layers';
import { orthonormalKernel } from './orthonormal.js';

type Layer = LayersModel['layers'][number];

/** The options of `lsuv`. */
export interface LsuvOptions {
  /** How far from 1 the variance of a layer's output may be. Default 0.1, as in the paper. */
  readonly tolerance?: number;
  /** How often a layer is scaled at most. Default 10. */
  readonly iterations?: number;
  /** Decides the orthonormal weights. Default 0. */
  readonly seed?: number;
}

/** The variance of a layer's output on the batch, after it was scaled. */
export interface LayerVariance {
  readonly layer: string;
  readonly variance: number;
  /** How often it was scaled. */
  readonly iterations: number;
}

/**
 * Layer-sequential unit-variance initial weights: Mishkin and Matas, "All you need is a good init" (2015), algorithm 1. Each convolution and
 * dense layer gets orthonormal weights; then, from the first to the last, its weights are divided by the standard deviation of its output
 * on a batch until the variance is 1. Biases become 0.
 *
 * The weights of layers after it do not matter to a layer, so only the part of the network up to it is run. A layer whose output has no
 * variance, such as behind ReLUs that are all 0, stays orthonormal.
 *
 * @param model any model of one input
 * @param images float32 [count, height, width, channels], of variance 1 as they are trained on
 * @returns what each layer's output is now like
 * @throws TypeError or RangeError naming the argument that is wrong
 * @example
 * import { lsuv } from '@cnnzoo/train';
 *
 * const variances = await lsuv(model, images, { seed: 1 });
 * console.log(variances.map(({ layer, variance }) => `${layer} ${variance.toFixed(2)}`));
 */
export async function lsuv(
  model: LayersModel,
  images: tf.Tensor4D,
  options: LsuvOptions = {},
): Promise<LayerVariance[]> {
  check('model', model, layersModel<LayersModel>());
  check('images', images, tensor<tf.Tensor4D>('a tensor'));
  const {
    tolerance = 0.1,
    iterations = 10,
    seed = 0,
  } = checkOptions<LsuvOptions>('lsuv', options, {
    tolerance: optional(positive),
    iterations: optional(integer(1)),
    seed: optional(integer(0)),
  });
  orthonormal(model, { seed });
  const found: LayerVariance[] = [];
  for (const layer of weightedLayers(model)) {
    const upToHere = makeModel({ inputs: model.inputs, outputs: layer.outboundTensors });
    const kernel = layer.kernel;
    let variance = await varianceOf(upToHere, images);
    let scaled = 0;
    while (Math.abs(variance - 1) > tolerance && variance > 0 && scaled < iterations) {
      tf.tidy(() => {
        kernel.write(tf.div(kernel.read(), Math.sqrt(variance)));
      });
      variance = await varianceOf(upToHere, images);
      scaled++;
    }
    found.push({ layer: layer.name, variance, iterations: scaled });
  }
  return found;
}

/**
 * Gives every convolution and dense layer orthonormal weights: Saxe et al. (2013). Of a kernel of fewer outputs than inputs the outputs'
 * weights are orthonormal, else the inputs'. Biases become 0.
 * @param model any model
 * @throws TypeError or RangeError naming the argument that is wrong
 * @example
 * import { orthonormal } from '@cnnzoo/train';
 *
 * orthonormal(model, { seed: 1 });
 */
export function orthonormal(model: LayersModel, options: Pick<LsuvOptions, 'seed'> = {}): void {
  check('model', model, layersModel<LayersModel>());
  const { seed = 0 } = checkOptions<Pick<LsuvOptions, 'seed'>>('orthonormal', options, { seed: optional(integer(0)) });
  for (const [index, { kernel, bias }] of weightedLayers(model).entries())
    tf.tidy(() => {
      const shape = kernel.shape.map(Number);
      kernel.write(tf.tensor(orthonormalKernel(shape, seed + index), shape));
      bias?.write(tf.zeros(bias.shape.map(Number)));
    });
}

interface WeightedLayer {
  readonly name: string;
  readonly kernel: LayerVariable;
  readonly bias: LayerVariable | undefined;
  readonly outboundTensors: Layer['inboundNodes'][number]['outputTensors'];
}

/** Convolutions and dense layers that are trained, from the first to the last: those that whiten images have their weights. */
function weightedLayers(model: LayersModel): WeightedLayer[] {
  return model.layers.flatMap((layer) => {
    const [kernel, bias] = layer.weights;
    const outboundTensors = layer.inboundNodes[0]?.outputTensors;
    if (!layer.trainable || kernel === undefined || outboundTensors === undefined || kernel.shape.length < 2) return [];
    return [{ name: layer.name, kernel, bias, outboundTensors }];
  });
}

async function varianceOf(model: LayersModel, images: tf.Tensor4D): Promise<number> {
  const scalar = tf.tidy(
    () => tf.moments([model.predict(images, { batchSize: images.shape[0] })].flat()[0] as tf.Tensor).variance,
  );
  try {
    const [variance = Number.NaN] = await scalar.data();
    return variance;
  } finally {
    scalar.dispose();
  }
}
