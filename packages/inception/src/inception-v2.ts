import type { AuxiliaryModelOptions } from '@cnnzoo/blocks';
import { boolean, optional } from '@cnnzoo/checks';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildFactorizedNetwork, type Figure5Row, type Figure6Row, type StemRow } from './factorized-network.js';

/** The options of `inceptionV2`. */
export interface InceptionV2Options extends AuxiliaryModelOptions {
  /**
   * Whether the first 7x7 convolution is three 3x3 ones. The paper's table 1 (the lecture's section 6.4) shows them, its table 3
   * counts them as a step from v2 to v3. Default true, as in table 1.
   */
  readonly factorized7x7?: boolean;
  /** Whether the auxiliary head has batch norm: with it the network has all that Inception-v3 has. Default false. */
  readonly auxiliaryBatchNorm?: boolean;
}

// Szegedy et al. (2015), table 1; the lecture's section 6.4. Widths that neither prints are Inception-v3's.
// biome-ignore format: reads as the paper's table
const factorizedStart: readonly StemRow[] = [
  //  name          kernel stride filters padding    299x299x3
  ['Conv2d_1a_3x3', 3,     2,     32],            // 149x149x32
  ['Conv2d_2a_3x3', 3,     1,     32],            // 147x147x32
  ['Conv2d_2b_3x3', 3,     1,     64,     1],     // 147x147x64
];

// biome-ignore format: reads as the paper's table
const start7x7: readonly StemRow[] = [
  ['Conv2d_1a_7x7', 7,     2,     64],            // 147x147x64
];

// biome-ignore format: reads as the paper's table
const rest: readonly StemRow[] = [
  'maxpool1',                                     // 73x73x64
  ['Conv2d_3b_3x3', 3,     1,     80],            // 71x71x80
  ['Conv2d_4a_3x3', 3,     2,     192],           // 35x35x192
  ['Conv2d_4b_3x3', 3,     1,     288,    1],     // 35x35x288
];

// biome-ignore format: reads as a table
const figure5: readonly Figure5Row[] = [
  //           #1x1 #3x3   #3x3 double #3x3 double pool
  //                reduce      reduce      #3x3   proj
  ['Mixed_5b', 64,  48,    64,  64,         96,    64], // 35x35x288
  ['Mixed_5c', 64,  48,    64,  64,         96,    64], // 35x35x288
  ['Mixed_5d', 64,  48,    64,  64,         96,    64], // 35x35x288
];

// biome-ignore format: reads as a table
const figure6: readonly Figure6Row[] = [
  //           #reduced
  ['Mixed_6b', 128], // 17x17x768
  ['Mixed_6c', 160], // 17x17x768
  ['Mixed_6d', 160], // 17x17x768
  ['Mixed_6e', 192], // 17x17x768
  ['Mixed_6f', 192], // 17x17x768
];

/**
 * Inception-v2: Szegedy et al., "Rethinking the Inception architecture for computer vision" (2015), table 1 and section 6; the
 * lecture's section 6.4. Three modules of figure 5, five of figure 6, two of figure 7, and reductions of figure 10 between them, which
 * the table leaves out. With `factorized7x7` and `auxiliaryBatchNorm`, trained with RMSProp and label smoothing, it is what the paper
 * calls Inception-v3; `inceptionV3` is that network as it was released.
 *
 * Layers are named as in torchvision's Inception-v3.
 * @param options see `ModelOptions`; `factorized7x7`, `auxiliaryBatchNorm`; `auxiliaryHeads` and `dropout` as of `inceptionV3`. Smallest
 *   input 75x75, and 299x299 with the head; height and width may be unknown (null).
 * @returns a model from [batch, 299, 299, 3] to logits [batch, 1000], or two of them
 * @throws TypeError or RangeError naming the option
 * @example
 * import { inceptionV2 } from '@cnnzoo/inception';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const model = inceptionV2({ auxiliaryHeads: true, auxiliaryBatchNorm: true, seed: 1 });
 * const [logits, auxiliaryLogits] = model.predict(images) as tf.Tensor2D[];
 */
export function inceptionV2(options: InceptionV2Options = {}): LayersModel {
  return buildFactorizedNetwork<Omit<InceptionV2Options, keyof AuxiliaryModelOptions>>(
    {
      id: 'inception_v2',
      stem: [...(options?.factorized7x7 === false ? start7x7 : factorizedStart), ...rest],
      figure5,
      kernelSize3x3: 3,
      figure6,
      auxiliaryBatchNorm: options?.auxiliaryBatchNorm === true,
      ownOptions: { factorized7x7: optional(boolean), auxiliaryBatchNorm: optional(boolean) },
    },
    options,
  );
}
