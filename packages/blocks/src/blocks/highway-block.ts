import { check, checkOptions, integer, number, optional, string, symbolicTensor } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { constant } from '../initial-weights/initializers.js';
import { connect, relu, sigmoid } from '../layers/connect.js';
import { conv2d } from '../layers/conv2d.js';
import { highwayGate } from '../layers/highway-gate.js';
import { knownChannels } from '../layers/layer-arguments.js';

/** The options of `highwayBlock`. */
export interface HighwayBlockOptions {
  /** The layers are `name.transform`, `name.relu`, `name.gate`, `name.sigmoid` and `name.sum`. */
  readonly name: string;
  /** Of both convolutions, which keep the map's size. Default 3. */
  readonly kernelSize?: number;
  /** What the gate's biases start at: below 0 the block begins by passing its input on. Default -2, as in the authors' code. */
  readonly gateBias?: number;
}

/**
 * A highway layer: Srivastava et al., "Training very deep networks" (2015), equation 3. y = T(x) H(x) + (1 - T(x)) x, where H is a
 * convolution with ReLU, and the gate T a convolution with a sigmoid.
 *
 * Input and output [batch, height, width, channels].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { highwayBlock } from '@cnnzoo/blocks';
 *
 * const y = highwayBlock(x, { name: 'layer1.0' });
 */
export function highwayBlock(x: SymbolicTensor, options: HighwayBlockOptions): SymbolicTensor {
  checkOptions<HighwayBlockOptions>('highwayBlock', options, {
    name: string(),
    kernelSize: optional(integer(1)),
    gateBias: optional(number()),
  });
  check('x', x, symbolicTensor<SymbolicTensor>());
  const { name, kernelSize = 3, gateBias = -2 } = options;
  const same = { filters: knownChannels(x.shape, name), kernelSize, padding: 'same' as const };
  const transformed = connect(x, conv2d({ ...same, name: `${name}.transform` }), relu({ name: `${name}.relu` }));
  const gate = connect(
    x,
    conv2d({ ...same, name: `${name}.gate`, biasInitializer: constant(gateBias) }),
    sigmoid({ name: `${name}.sigmoid` }),
  );
  return connect([x, transformed, gate], highwayGate({ name: `${name}.sum` }));
}
