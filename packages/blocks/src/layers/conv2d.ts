import { boolean, integer, optional, type Size2d, size2d, sizePair } from '@cnnzoo/checks';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { chooseInitializer, currentFill } from '../initial-weights/current-weights.js';
import {
  biasInitializerFor,
  type Initializer,
  initializerConfig,
  initializerRule,
} from '../initial-weights/initializers.js';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import { dilatedConvolution } from './dilated-convolution.js';
import { type CallOptions, knownChannels, onlyShape, onlyTensor } from './layer-arguments.js';
import { padMap } from './pad-map.js';
import {
  type AxisWindow,
  equalsSame,
  type LayerPadding,
  outputSize,
  paddingPair,
  paddingRule,
  type Windows,
} from './window.js';

/** The options of `conv2d`. */
export interface Conv2dOptions extends LayerOptions {
  /** Output channels. */
  readonly filters: number;
  readonly kernelSize: Size2d;
  /** Default 1. */
  readonly stride?: Size2d;
  /** Zeros around the input: one number for all sides, [vertical, horizontal], 'valid' (none), or TensorFlow's 'same'. Default 0. */
  readonly padding?: LayerPadding;
  /** Distance between neighbouring taps of the kernel. Default 1. */
  readonly dilation?: Size2d;
  /** Input and output channels are split into this many groups that do not see each other. Default 1. */
  readonly groups?: number;
  /** Default true. */
  readonly useBias?: boolean;
  readonly kernelInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/** The layer that `conv2d` makes. */
export class Conv2D extends BaseLayer<Conv2dOptions> {
  static readonly className = 'CnnzooConv2D';
  readonly filters: number;
  readonly kernelSize: [number, number];
  readonly stride: [number, number];
  readonly padding: LayerPadding;
  readonly dilation: [number, number];
  readonly groups: number;
  readonly useBias: boolean;
  readonly #windows: Windows;
  readonly #isDilated: boolean;
  /** 'same' saves the copy that tf.pad makes, and is symmetric at stride 1. Elsewhere it would not be PyTorch's padding. */
  readonly #isSame: boolean;
  /** Whether a call is `tf.conv2d` and nothing else. */
  readonly #isOneOperation: boolean;
  readonly #kernelInitializer: Initializer;
  readonly #biasInitializer: Initializer;
  #kernel: LayerVariable | null = null;
  #bias: LayerVariable | null = null;

  constructor(options: Conv2dOptions) {
    const size = size2d<never>(1);
    super('conv2d', options, {
      filters: integer(1),
      kernelSize: size,
      stride: optional(size),
      padding: optional(paddingRule),
      dilation: optional(size),
      groups: optional(integer(1)),
      useBias: optional(boolean),
      kernelInitializer: optional(initializerRule),
      biasInitializer: optional(initializerRule),
    });
    this.filters = options.filters;
    this.kernelSize = sizePair(options.kernelSize);
    this.stride = sizePair(options.stride ?? 1);
    this.dilation = sizePair(options.dilation ?? 1);
    this.groups = options.groups ?? 1;
    this.useBias = options.useBias ?? true;
    this.padding = options.padding ?? 0;
    const paddings = paddingPair(this.padding);
    const window = (axis: 0 | 1): AxisWindow => ({
      kernel: this.kernelSize[axis],
      stride: this.stride[axis],
      dilation: this.dilation[axis],
      padding: paddings[axis],
      ceilMode: false,
    });
    this.#windows = [window(0), window(1)];
    this.#isDilated = Math.max(...this.dilation) > 1;
    this.#isSame = !this.#isDilated && this.#windows.every(equalsSame);
    const padded = !this.#isSame && paddings.some((padding) => padding !== 0);
    this.#isOneOperation = !padded && !this.#isDilated && this.groups === 1 && !this.useBias;
    if (this.filters % this.groups !== 0)
      throw new RangeError(`groups must be a divisor of filters, which is ${this.filters}, got ${this.groups}`);
    this.#kernelInitializer = chooseInitializer(options.kernelInitializer, 'conv2d', 'kernel', `${this.name}.kernel`);
    this.#biasInitializer = chooseInitializer(options.biasInitializer, 'conv2d', 'bias', `${this.name}.bias`);
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = knownChannels(onlyShape(inputShape, this.name), this.name);
    if (channels % this.groups !== 0)
      throw new RangeError(
        `groups of layer ${this.name} must be a divisor of the input's channels, which are ${channels}, got ${this.groups}`,
      );
    // Refuses a map that is too small while there is no weight yet.
    this.computeOutputShape(inputShape);
    const kernelShape = [...this.kernelSize, channels / this.groups, this.filters];
    this.#kernel = this.addWeight('kernel', kernelShape, 'float32', currentFill(this.#kernelInitializer));
    if (this.useBias) {
      const initializer = currentFill(biasInitializerFor(kernelShape, this.#biasInitializer));
      this.#bias = this.addWeight('bias', [this.filters], 'float32', initializer);
    }
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const shape = onlyShape(inputShape, this.name);
    return [shape[0] ?? null, ...outputSize(shape, this.#windows, this.name), this.filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    this.invokeCallHook(inputs, options);
    if (this.#kernel === null) throw new Error(`layer ${this.name} was called before it was built`);
    const x = onlyTensor<tf.Rank.R4>(inputs);
    const kernel = this.#kernel.read() as tf.Tensor4D;
    const channels = kernel.shape[2] * this.groups;
    if (x.rank !== 4 || x.shape[3] !== channels)
      throw new RangeError(
        `the input of layer ${this.name} must be [batch, height, width, ${channels}], got [${x.shape.join(', ')}]`,
      );
    // One operation leaves nothing to tidy up, and a tidy takes about as long as the operation's own way through tfjs.
    if (this.#isOneOperation) return this.#convolve(x, kernel);
    return tf.tidy(() => {
      const y = this.#convolve(x, kernel);
      return this.#bias === null ? y : tf.add(y, this.#bias.read());
    });
  }

  #convolve(x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D {
    const padded = this.#isSame ? x : padMap(x, this.#windows, 0);
    const pad = this.#isSame ? 'same' : 'valid';
    const convolveGroup = (input: tf.Tensor4D, filter: tf.Tensor4D) =>
      this.#isDilated
        ? dilatedConvolution(input, filter, this.stride, this.dilation)
        : convolve(input, filter, this.stride, pad);
    if (this.groups === 1) return convolveGroup(padded, kernel);
    const inputs: tf.Tensor4D[] = tf.split(padded, this.groups, 3);
    const kernels: tf.Tensor4D[] = tf.split(kernel, this.groups, 3);
    const outputs = inputs.map((input, group) => convolveGroup(input, kernels[group] as tf.Tensor4D));
    return tf.concat(outputs, 3);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      filters: this.filters,
      kernelSize: this.kernelSize,
      stride: this.stride,
      padding: typeof this.padding === 'object' ? [...this.padding] : this.padding,
      dilation: this.dilation,
      groups: this.groups,
      useBias: this.useBias,
      kernelInitializer: initializerConfig(this.#kernelInitializer),
      biasInitializer: initializerConfig(this.#biasInitializer),
    };
  }
}

/** The kernel that `tf.conv2d` calls, without its checks and its tidy: the layer has done the checks, and there is nothing to tidy up. */
function convolve(x: tf.Tensor4D, filter: tf.Tensor4D, strides: [number, number], pad: 'same' | 'valid'): tf.Tensor4D {
  return tf.engine().runKernel(tf.Conv2D, { x, filter }, { strides, pad, dataFormat: 'NHWC', dilations: [1, 1] });
}

/**
 * A convolution with PyTorch's padding, dilation and groups, which train on every backend.
 *
 * Input [batch, height, width, channels]; output [batch, h, w, filters] with
 * h = floor((height + 2 padding - dilation (kernelSize - 1) - 1) / stride) + 1. Height and width may be unknown (null).
 * Weights: kernel [kernelHeight, kernelWidth, channels / groups, filters], bias [filters].
 *
 * @throws TypeError or RangeError naming the option where one is of the wrong type or out of range
 * @example
 * import { connect, conv2d } from '@cnnzoo/blocks';
 * import * as tfl from '@tensorflow/tfjs-layers';
 *
 * const input = tfl.input({ shape: [224, 224, 3] });
 * const y = connect(input, conv2d({ name: 'conv1', filters: 64, kernelSize: 7, stride: 2, padding: 3, useBias: false }));
 * console.log(y.shape); // [null, 112, 112, 64]
 */
export function conv2d(options: Conv2dOptions): Conv2D {
  return new (registered(Conv2D))(options);
}
