import { number, optional } from '@cnnzoo/checks';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { currentFill } from '../initial-weights/current-weights.js';
import { constant } from '../initial-weights/initializers.js';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import { type CallOptions, knownChannels, onlyShape, onlyTensor } from './layer-arguments.js';

/** The options of `prelu`. */
export interface PReluOptions extends LayerOptions {
  /** What each channel's slope below 0 starts at. Default 0.25, as in the paper. */
  readonly slope?: number;
}

/** The layer that `prelu` makes. */
export class PRelu extends BaseLayer<PReluOptions> {
  static readonly className = 'CnnzooPRelu';
  readonly slope: number;
  #alpha: LayerVariable | null = null;

  constructor(options: PReluOptions = {}) {
    super('prelu', options, { slope: optional(number()) });
    this.slope = options.slope ?? 0.25;
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = knownChannels(this.#shape(inputShape), this.name);
    this.#alpha = this.addWeight('alpha', [channels], 'float32', currentFill(constant(this.slope)));
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return this.#shape(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    this.invokeCallHook(inputs, options);
    if (this.#alpha === null) throw new Error(`layer ${this.name} was called before it was built`);
    return tf.prelu(onlyTensor(inputs), this.#alpha.read());
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), slope: this.slope };
  }

  #shape(inputShape: Shape | Shape[]): Shape {
    return onlyShape(inputShape, this.name, [2, 4], '[batch, height, width, channels] or [batch, features]');
  }
}

/**
 * Parametric ReLU: He et al., "Delving deep into rectifiers" (2015), section 2.1. x where it is above 0, below it x times a slope that is
 * learned for each channel. Its PyTorch name is `nn.PReLU(channels)`.
 *
 * Input and output [batch, height, width, channels] or [batch, features]. Weight: alpha [channels].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { connect, conv2d, prelu } from '@cnnzoo/blocks';
 *
 * const y = connect(x, conv2d({ name: 'conv1', filters: 64, kernelSize: 3, padding: 1 }), prelu({ name: 'prelu1' }));
 */
export function prelu(options: PReluOptions = {}): PRelu {
  return new (registered(PRelu))(options);
}
