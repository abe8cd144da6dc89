/** tfjs's layers, applied to symbolic tensors, with types that say what comes out. */
import { check, layer, listOf, symbolicTensor } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { layers } from '../tfjs.js';

type Layer = layers.Layer;

interface Named {
  /** Default: the class and a number. */
  readonly name?: string;
}

/** The options of layers that have no other than their name. By hand: the shared checks take three times what such a layer does. */
function named(layer: string, options: Named): { name?: string } {
  const { name, ...others } = Object(options) as Named;
  if (Object.keys(others).length === 0 && options !== null && typeof options === 'object') {
    if (name === undefined) return {};
    if (typeof name === 'string') return { name };
  }
  throw new TypeError(`options of ${layer} must be an object with name, a string, and nothing else`);
}

function several(inputs: SymbolicTensor[]): SymbolicTensor[] {
  check('inputs', inputs, listOf(symbolicTensor<SymbolicTensor>(), 2));
  return inputs;
}

/**
 * Passes `input` through `layers`, one after another.
 * @returns the last layer's output, whose `shape` has the batch (null) in front
 * @example
 * import { batchNorm, connect, conv2d, relu } from '@cnnzoo/blocks';
 *
 * const y = connect(x, conv2d({ filters: 64, kernelSize: 3 }), batchNorm(), relu());
 */
export function connect(input: SymbolicTensor | SymbolicTensor[], ...layers: Layer[]): SymbolicTensor {
  const symbolic = symbolicTensor<SymbolicTensor>();
  if (Array.isArray(input)) check('input', input, listOf(symbolic, 1));
  else check('input', input, symbolic);
  check('layers', layers, listOf(layer<Layer>()));
  if (layers.length === 0 && Array.isArray(input) && input.length > 1)
    throw new TypeError('layers must be at least one for several tensors, got none');
  const [only] = Array.isArray(input) ? input : [];
  let output: SymbolicTensor | SymbolicTensor[] =
    Array.isArray(input) && input.length === 1 && only !== undefined ? only : input;
  // Symbolic in, symbolic out; tfjs's types do not say so.
  for (const layer of layers) output = layer.apply(output) as SymbolicTensor;
  return output as SymbolicTensor;
}

/**
 * max(x, 0), of any shape.
 * @example
 * import { connect, relu } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [56, 56, 64] }), relu({ name: 'relu' })).shape); // [null, 56, 56, 64]
 */
export function relu(options: Named = {}): Layer {
  return layers.reLU(named('relu', options));
}

/**
 * exp(x) / sum exp(x) over the last axis.
 * @example
 * import { connect, softmax } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [1000] }), softmax()).shape); // [null, 1000]
 */
export function softmax(options: Named = {}): Layer {
  return layers.softmax(named('softmax', options));
}

/**
 * x above 0, exp(x) - 1 below: Clevert et al. (2015), with alpha 1. Of any shape.
 * @example
 * import { connect, elu } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [32, 32, 192] }), elu({ name: 'elu' })).shape); // [null, 32, 32, 192]
 */
export function elu(options: Named = {}): Layer {
  return layers.elu(named('elu', options));
}

/**
 * 1 / (1 + exp(-x)), of any shape.
 * @example
 * import { connect, sigmoid } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [1, 1, 256] }), sigmoid({ name: 'gate' })).shape); // [null, 1, 1, 256]
 */
export function sigmoid(options: Named = {}): Layer {
  return layers.activation({ ...named('sigmoid', options), activation: 'sigmoid' });
}

/**
 * The hyperbolic tangent, of any shape.
 * @example
 * import { connect, tanh } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [28, 28, 6] }), tanh({ name: 'tanh' })).shape); // [null, 28, 28, 6]
 */
export function tanh(options: Named = {}): Layer {
  return layers.activation({ ...named('tanh', options), activation: 'tanh' });
}

/**
 * [batch, height, width, channels] to [batch, height * width * channels], in this order; PyTorch's is channels first.
 * @example
 * import { connect, flatten } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [6, 6, 256] }), flatten()).shape); // [null, 9216]
 */
export function flatten(options: Named = {}): Layer {
  return layers.flatten(named('flatten', options));
}

/**
 * The sum of feature maps of the same shape.
 * @example
 * import { add, connect, conv2d } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * const x = tfl.input({ shape: [56, 56, 64] });
 * const y = connect(x, conv2d({ name: 'conv', filters: 64, kernelSize: 3, padding: 1 }));
 * console.log(add([x, y]).shape); // [null, 56, 56, 64]
 */
export function add(inputs: SymbolicTensor[], options: Named = {}): SymbolicTensor {
  return connect(several(inputs), layers.add(named('add', options)));
}

/**
 * The product of feature maps, element by element. A map of height and width 1 counts for every position.
 * @example
 * import { connect, multiply, sigmoid } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * const x = tfl.input({ shape: [56, 56, 64] });
 * console.log(multiply([x, connect(x, sigmoid())]).shape); // [null, 56, 56, 64]
 */
export function multiply(inputs: SymbolicTensor[], options: Named = {}): SymbolicTensor {
  return connect(several(inputs), layers.multiply(named('multiply', options)));
}

/**
 * Feature maps of the same height and width side by side along the channels.
 * @example
 * import { concatenate, connect, conv2d } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * const x = tfl.input({ shape: [28, 28, 192] });
 * const y = connect(x, conv2d({ name: 'conv', filters: 64, kernelSize: 1 }));
 * console.log(concatenate([x, y]).shape); // [null, 28, 28, 256]
 */
export function concatenate(inputs: SymbolicTensor[], options: Named = {}): SymbolicTensor {
  return connect(several(inputs), layers.concatenate(named('concatenate', options)));
}

/**
 * The average of each channel: [batch, height, width, channels] to [batch, channels].
 * @example
 * import { connect, globalAveragePooling2d } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [7, 7, 512] }), globalAveragePooling2d()).shape); // [null, 512]
 */
export function globalAveragePooling2d(options: Named = {}): Layer {
  return layers.globalAveragePooling2d(named('globalAveragePooling2d', options));
}

/**
 * The largest value of each channel: [batch, height, width, channels] to [batch, channels].
 * @example
 * import { connect, globalMaxPooling2d } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [7, 7, 512] }), globalMaxPooling2d()).shape); // [null, 512]
 */
export function globalMaxPooling2d(options: Named = {}): Layer {
  return layers.globalMaxPooling2d(named('globalMaxPooling2d', options));
}
