import { check, checkOptions, integer, optional, string, symbolicTensor } from '@cnnzoo/checks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { adaptiveAveragePooling2d } from '../layers/adaptive-average-pooling-2d.js';
import { connect, multiply, relu, sigmoid } from '../layers/connect.js';
import { conv2d } from '../layers/conv2d.js';
import { knownChannels } from '../layers/layer-arguments.js';

/** The options of `squeezeAndExcitation`. */
export interface SqueezeAndExcitationOptions {
  /** The layers are `name.squeeze`, `name.fc1`, `name.relu`, `name.fc2`, `name.sigmoid` and `name.scale`, as in timm. */
  readonly name: string;
  /** r: how many times fewer channels there are between the two layers with weights. Default 16. */
  readonly reduction?: number;
}

/**
 * Squeeze-and-excitation: Hu et al. (2018), figure 3. Each channel is scaled by a number between 0 and 1 that follows from the averages of
 * all channels. The two dense layers are 1x1 convolutions here, so that any map is possible.
 *
 * Input and output [batch, height, width, channels].
 * @throws TypeError or RangeError naming the option
 * @example
 * import { squeezeAndExcitation } from '@cnnzoo/blocks';
 *
 * const y = squeezeAndExcitation(x, { name: 'layer1.0.se_module' });
 */
export function squeezeAndExcitation(x: SymbolicTensor, options: SqueezeAndExcitationOptions): SymbolicTensor {
  checkOptions<SqueezeAndExcitationOptions>('squeezeAndExcitation', options, {
    name: string(),
    reduction: optional(integer(1)),
  });
  check('x', x, symbolicTensor<SymbolicTensor>());
  const { name, reduction = 16 } = options;
  const channels = knownChannels(x.shape, name);
  if (channels < reduction)
    throw new RangeError(`reduction must be at most the input's channels, which are ${channels}, got ${reduction}`);
  const scale = connect(
    x,
    adaptiveAveragePooling2d({ name: `${name}.squeeze`, outputSize: 1 }),
    conv2d({ name: `${name}.fc1`, filters: Math.floor(channels / reduction), kernelSize: 1 }),
    relu({ name: `${name}.relu` }),
    conv2d({ name: `${name}.fc2`, filters: channels, kernelSize: 1 }),
    sigmoid({ name: `${name}.sigmoid` }),
  );
  return multiply([x, scale], { name: `${name}.scale` });
}
