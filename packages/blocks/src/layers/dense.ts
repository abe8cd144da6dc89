import { boolean, integer, optional } from '@cnnzoo/checks';
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
import { type CallOptions, knownChannels, onlyShape, onlyTensor } from './layer-arguments.js';

/** The options of `dense`. */
export interface DenseOptions extends LayerOptions {
  /** Output features. */
  readonly units: number;
  /** Default true. */
  readonly useBias?: boolean;
  readonly kernelInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/** The layer that `dense` makes. */
export class Dense extends BaseLayer<DenseOptions> {
  static readonly className = 'CnnzooDense';
  readonly units: number;
  readonly useBias: boolean;
  readonly #kernelInitializer: Initializer;
  readonly #biasInitializer: Initializer;
  #kernel: LayerVariable | null = null;
  #bias: LayerVariable | null = null;

  constructor(options: DenseOptions) {
    super('dense', options, {
      units: integer(1),
      useBias: optional(boolean),
      kernelInitializer: optional(initializerRule),
      biasInitializer: optional(initializerRule),
    });
    this.units = options.units;
    this.useBias = options.useBias ?? true;
    this.#kernelInitializer = chooseInitializer(options.kernelInitializer, 'dense', 'kernel', `${this.name}.kernel`);
    this.#biasInitializer = chooseInitializer(options.biasInitializer, 'dense', 'bias', `${this.name}.bias`);
  }

  override build(inputShape: Shape | Shape[]): void {
    const kernelShape = [
      knownChannels(onlyShape(inputShape, this.name, [2], '[batch, features]'), this.name),
      this.units,
    ];
    this.#kernel = this.addWeight('kernel', kernelShape, 'float32', currentFill(this.#kernelInitializer));
    if (this.useBias) {
      const initializer = currentFill(biasInitializerFor(kernelShape, this.#biasInitializer));
      this.#bias = this.addWeight('bias', [this.units], 'float32', initializer);
    }
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [batch = null] = onlyShape(inputShape, this.name, [2], '[batch, features]');
    return [batch, this.units];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, options);
      if (this.#kernel === null) throw new Error(`layer ${this.name} was called before it was built`);
      const y = tf.matMul(onlyTensor<tf.Rank.R2>(inputs), this.#kernel.read());
      return this.#bias === null ? y : tf.add(y, this.#bias.read());
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      units: this.units,
      useBias: this.useBias,
      kernelInitializer: initializerConfig(this.#kernelInitializer),
      biasInitializer: initializerConfig(this.#biasInitializer),
    };
  }
}

/**
 * A fully connected layer: y = x kernel + bias. It differs from tfjs's in how weights start: fast, from a seed, and by default
 * as in PyTorch.
 *
 * Input [batch, features]; output [batch, units]. Weights: kernel [features, units], bias [units]. After a `flatten` the kernel's
 * rows are in the order height, width, channels; PyTorch's columns are in the order channels, height, width, and a state dict is
 * permuted when it is loaded or saved.
 * @throws TypeError or RangeError naming the option
 * @example
 * import { connect, dense, flatten } from '@cnnzoo/blocks';
 *
 * const logits = connect(x, flatten({ name: 'flatten' }), dense({ name: 'fc', units: 10 }));
 */
export function dense(options: DenseOptions): Dense {
  return new (registered(Dense))(options);
}
