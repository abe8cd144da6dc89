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
 * const y = connect(x, conv2d({ filters: 64, kernelSize: 3 }), batchNorm(), relu());
 */
export function connect(input: SymbolicTensor | SymbolicTensor[], ...layers: Layer[]): SymbolicTensor {
  const [only, ...others] = Array.isArray(input) ? input : [input];
  if (only === undefined) throw new TypeError('input is an empty array, expected a tensor or several');
  if (layers.length === 0 && others.length > 0)
    throw new TypeError('layers is empty, expected a layer for several tensors');
  let output: SymbolicTensor | SymbolicTensor[] = others.length > 0 ? [only, ...others] : only;
  // Symbolic in, symbolic out; tfjs's types do not say so.
  for (const layer of layers) output = layer.apply(output) as SymbolicTensor;
  return output as SymbolicTensor;
}

/** max(x, 0), of any shape. */
export function relu({ name }: Named = {}): Layer {
  return layers.reLU(name === undefined ? {} : { name });
}

/** exp(x) / sum exp(x) over the last axis. */
export function softmax({ name }: Named = {}): Layer {
  return layers.softmax(name === undefined ? {} : { name });
}

/** [batch, height, width, channels] to [batch, height * width * channels], in this order; PyTorch's is channels first. */
export function flatten({ name }: Named = {}): Layer {
  return layers.flatten(name === undefined ? {} : { name });
}

/** The sum of feature maps of the same shape. */
export function add(inputs: SymbolicTensor[], { name }: Named = {}): SymbolicTensor {
  return connect(inputs, layers.add(name === undefined ? {} : { name }));
}

/** Feature maps of the same height and width side by side along the channels. */
export function concatenate(inputs: SymbolicTensor[], { name }: Named = {}): SymbolicTensor {
  return connect(inputs, layers.concatenate(name === undefined ? {} : { name }));
}

/** The average of each channel: [batch, height, width, channels] to [batch, channels]. */
export function globalAveragePooling2d({ name }: Named = {}): Layer {
  return layers.globalAveragePooling2d(name === undefined ? {} : { name });
}

/** The largest value of each channel: [batch, height, width, channels] to [batch, channels]. */
export function globalMaxPooling2d({ name }: Named = {}): Layer {
  return layers.globalMaxPooling2d(name === undefined ? {} : { name });
}
