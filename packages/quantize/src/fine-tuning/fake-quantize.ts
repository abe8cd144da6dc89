import { check, checkOptions, layersModel, oneOf, optional } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { weightRanges } from '../qdq/scale.js';
import type { WeightBits } from '../qdq/write-qdq.js';
import { withMethod, wrapCalls } from './wrap-calls.js';

type Layer = layers.Layer;

/** The options of `fakeQuantize`. */
export interface FakeQuantizeOptions {
  /** As it will be quantized. Default `'int8'`. */
  readonly weights?: WeightBits;
}

/** A network that computes with rounded numbers until that is removed. */
export interface FakeQuantization {
  /** Names of the layers whose inputs, and weights where they have some, are rounded. */
  readonly layers: readonly string[];
  /** Lets the network compute with float32 again. Its weights stay as training has left them. */
  remove(): void;
}

const fakeQuantized = new WeakSet<object>();

/** Whether a network computes with rounded numbers just now. */
export function isFakeQuantized(model: object): boolean {
  return fakeQuantized.has(model);
}

/**
 * Quantization-aware fine-tuning: until `remove` is called, a network rounds what convolutions, products, sums and means read to the 256 numbers that 8 bits have, and
 * weights to those of theirs. Training with it finds weights that lose less when they are quantized. The backward pass takes rounding for no
 * change (a straight-through estimator), so that weights move at all. Ranges are those of each batch; `quantize` calibrates the network anew.
 *
 * @param model whose layers are changed, and that can be trained; its weights are not rounded themselves
 * @param options `weights`
 * @returns the layers, and `remove`
 * @throws TypeError or RangeError naming the argument that is wrong; Error where the network is fake-quantized already
 * @example
 * import { fakeQuantize, quantize } from '@cnnzoo/quantize';
 * import { sgd, train } from '@cnnzoo/train';
 *
 * const rounding = fakeQuantize(model);
 * const history = await train(model, loader, { optimizer: sgd({ learningRate: 5e-3, momentum: 0.9 }), epochs: 1 });
 * rounding.remove();
 * if (history.interrupted === null) await (await quantize(model, [images])).save('int8.onnx');
 */
export function fakeQuantize(model: LayersModel, options: FakeQuantizeOptions = {}): FakeQuantization {
  check('model', model, layersModel<LayersModel>());
  const { weights = 'int8' } = checkOptions<FakeQuantizeOptions>('fakeQuantize', options, {
    weights: optional(oneOf(['int8', 'int7'])),
  });
  if (fakeQuantized.has(model))
    throw new Error(`model '${model.name}' computes with rounded numbers already: remove that first`);
  const { most } = weightRanges[weights];
  const rounded = wrapCalls(model, isRounded, (layer, call) => (inputs, kwargs) => {
    // Only while the layer is called: optimizers and files read the weights themselves.
    const restored = kernelsOf(layer).map((kernel) => {
      const read = kernel.read.bind(kernel);
      return withMethod(kernel, 'read', () => roundedWeights(read(), most, innerAxes(layer, kernel.shape.length)));
    });
    try {
      return call(Array.isArray(inputs) ? inputs.map(roundedValues) : roundedValues(inputs), kwargs);
    } finally {
      for (const restore of restored) restore();
    }
  });
  fakeQuantized.add(model);
  return {
    layers: rounded.layers,
    remove() {
      rounded.restore();
      fakeQuantized.delete(model);
    },
  };
}

/** Operators with 8-bit kernels that have no weights, by what tfjs and this project call them. */
const weightless = /^(Cnnzoo)?(Add|Multiply|Concatenate|(Global|Adaptive)?AveragePooling2D)$/;

const isRounded = (layer: Layer) => kernelsOf(layer).length > 0 || weightless.test(layer.getClassName());

/** Of convolutions and products: weights with more than one axis. */
const kernelsOf = (layer: Layer) => layer.weights.filter(({ shape }) => shape.length > 1);

/** The axes whose weights make one output channel, which has a scale of its own: factors of batch normalization after it change nothing then. */
function innerAxes(layer: Layer, rank: number): number[] {
  if (layer.getClassName() === 'DepthwiseConv2D') return [0, 1];
  return Array.from({ length: rank - 1 }, (_, axis) => axis);
}

/** The smallest step, so that a value that is 0 everywhere is divided by no zero. */
const smallestStep = 1e-30;

function roundedWeights(weights: tf.Tensor, most: number, axes: number[]): tf.Tensor {
  return straightThrough(weights, () => tf.maximum(tf.div(tf.max(tf.abs(weights), axes, true), most), smallestStep));
}

/** From the smallest to the largest number of the batch, in 255 steps of which one ends at 0. */
function roundedValues(values: tf.Tensor): tf.Tensor {
  return straightThrough(values, () => {
    const [lowest, highest] = [tf.minimum(tf.min(values), 0), tf.maximum(tf.max(values), 0)];
    return tf.maximum(tf.div(tf.sub(highest, lowest), 255), smallestStep);
  });
}

/** To whole steps. The gradient of what was rounded is that of the result. */
function straightThrough(values: tf.Tensor, step: () => tf.Tensor): tf.Tensor {
  const round = tf.customGrad((given) => {
    const x = given as tf.Tensor;
    const value = tf.tidy(() => {
      const size = step();
      return tf.mul(tf.round(tf.div(x, size)), size);
    });
    return { value, gradFunc: (dy: tf.Tensor) => dy };
  });
  return round(values);
}
