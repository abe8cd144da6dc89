import type { Shape } from '@tensorflow/tfjs-layers';
import { registered } from '../registered.js';
import { tf } from '../tfjs.js';
import { BaseLayer, type LayerOptions } from './base-layer.js';
import type { CallOptions } from './layer-arguments.js';

/** The layer that `highwayGate` makes. */
export class HighwayGate extends BaseLayer<LayerOptions> {
  static readonly className = 'CnnzooHighwayGate';

  constructor(options: LayerOptions = {}) {
    super('highwayGate', options, {});
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const shapes = inputShape as Shape[];
    const [first] = shapes;
    if (shapes.length !== 3 || !Array.isArray(first) || shapes.some((shape) => String(shape) !== String(first)))
      throw new RangeError(
        `the inputs of layer ${this.name} must be three of one shape, [carried, transformed, gate], got [${shapes.join('; ')}]`,
      );
    return first;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: CallOptions): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, options);
      const [carried, transformed, gate] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor];
      return tf.add(carried, tf.mul(gate, tf.sub(transformed, carried)));
    });
  }
}

/**
 * The sum of a highway layer: Srivastava et al. (2015), equation 3. gate * transformed + (1 - gate) * carried, element by element.
 * `highwayBlock` is the layer with its two convolutions.
 *
 * Inputs: three of one shape, [carried, transformed, gate], the gate between 0 and 1; output of that shape.
 * @throws TypeError naming an unknown option
 * @example
 * import { connect, conv2d, highwayGate, sigmoid } from '@cnnzoo/blocks';
 *
 * const gate = connect(x, conv2d({ name: 'gate', filters: 64, kernelSize: 3, padding: 1 }), sigmoid());
 * const y = connect([x, connect(x, conv2d({ name: 'h', filters: 64, kernelSize: 3, padding: 1 })), gate], highwayGate());
 */
export function highwayGate(options: LayerOptions = {}): HighwayGate {
  return new (registered(HighwayGate))(options);
}
