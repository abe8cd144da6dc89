/** tfjs's layers, applied to symbolic tensors, with types that say what comes out. */
import { layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;

interface Named {
  /** Default: the class and a number. */
  readonly name?: string;
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
  const [only, ...others] = Array.isArray(input) ? input : [input];
  if (only === undefined) throw new TypeError('input must be a symbolic tensor or several, got []');
  if (layers.length === 0 && others.length > 0)
    throw new TypeError('layers must be at least one for several tensors, got none');
  let output: SymbolicTensor | SymbolicTensor[] = others.length > 0 ? [only, ...others] : only;
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
export function relu({ name }: Named = {}): Layer {
  return layers.reLU(name === undefined ? {} : { name });
}

/**
 * exp(x) / sum exp(x) over the last axis.
 * @example
 * import { connect, softmax } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [1000] }), softmax()).shape); // [null, 1000]
 */
export function softmax({ name }: Named = {}): Layer {
  return layers.softmax(name === undefined ? {} : { name });
}

/**
 * [batch, height, width, channels] to [batch, height * width * channels], in this order; PyTorch's is channels first.
 * @example
 * import { connect, flatten } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [6, 6, 256] }), flatten()).shape); // [null, 9216]
 */
export function flatten({ name }: Named = {}): Layer {
  return layers.flatten(name === undefined ? {} : { name });
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
export function add(inputs: SymbolicTensor[], { name }: Named = {}): SymbolicTensor {
  return connect(inputs, layers.add(name === undefined ? {} : { name }));
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
export function concatenate(inputs: SymbolicTensor[], { name }: Named = {}): SymbolicTensor {
  return connect(inputs, layers.concatenate(name === undefined ? {} : { name }));
}

/**
 * The average of each channel: [batch, height, width, channels] to [batch, channels].
 * @example
 * import { connect, globalAveragePooling2d } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [7, 7, 512] }), globalAveragePooling2d()).shape); // [null, 512]
 */
export function globalAveragePooling2d({ name }: Named = {}): Layer {
  return layers.globalAveragePooling2d(name === undefined ? {} : { name });
}

/**
 * The largest value of each channel: [batch, height, width, channels] to [batch, channels].
 * @example
 * import { connect, globalMaxPooling2d } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * console.log(connect(tfl.input({ shape: [7, 7, 512] }), globalMaxPooling2d()).shape); // [null, 512]
 */
export function globalMaxPooling2d({ name }: Named = {}): Layer {
  return layers.globalMaxPooling2d(name === undefined ? {} : { name });
}
