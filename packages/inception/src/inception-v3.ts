import type { AuxiliaryModelOptions } from '@cnnzoo/blocks';
import { boolean, optional } from '@cnnzoo/checks';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildFactorizedNetwork, type Figure5Row, type Figure6Row, type StemRow } from './factorized-network.js';

/** The options of `inceptionV3`. */
export interface InceptionV3Options extends AuxiliaryModelOptions {
  /**
   * Whether the average pooling of the modules' branches counts the padding as zeros. Default true, as in torchvision; false for
   * Keras's and TF-slim's weights.
   */
  readonly countIncludePad?: boolean;
}

// As Google released it and torchvision has it. Other than in the paper's table 1, the convolution to 80 channels is 1x1, the modules
// start from 192 channels, figure 5's second branch has a 5x5 convolution, and there are four modules of figure 6.
// biome-ignore format: reads as the paper's table
const stem: readonly StemRow[] = [
  //  name          kernel stride filters padding    299x299x3
  ['Conv2d_1a_3x3', 3,     2,     32],            // 149x149x32
  ['Conv2d_2a_3x3', 3,     1,     32],            // 147x147x32
  ['Conv2d_2b_3x3', 3,     1,     64,     1],     // 147x147x64
  'maxpool1',                                     // 73x73x64
  ['Conv2d_3b_1x1', 1,     1,     80],            // 73x73x80
  ['Conv2d_4a_3x3', 3,     1,     192],           // 71x71x192
  'maxpool2',                                     // 35x35x192
];

// biome-ignore format: reads as a table
const figure5: readonly Figure5Row[] = [
  //           #1x1 #5x5   #5x5 double #3x3 double pool
  //                reduce      reduce      #3x3   proj
  ['Mixed_5b', 64,  48,    64,  64,         96,    32], // 35x35x256
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
];

/**
 * Inception-v3 as torchvision has it: Szegedy et al., "Rethinking the Inception architecture for computer vision" (2015), section 6.
 * Inception-v2 with a factorized 7x7 convolution and batch norm in the auxiliary classifier, trained with RMSProp and label smoothing.
 * 23,834,568 parameters, 27,161,264 with the auxiliary head, 5.7 GMACs.
 * @param options see `ModelOptions`; `auxiliaryHeads` adds the logits on the last 17x17 grid as second output, whose loss
 *   counts 0.4 in torchvision's training; `dropout`, 0.5 unless you say otherwise, before the classifier; `countIncludePad`. Smallest
 *   input 75x75, and 299x299 with the head; height and width may be unknown (null).
 * @returns a model from [batch, 299, 299, 3] to logits [batch, 1000], or two of them
 * @throws TypeError or RangeError naming the option
 * @example
 * import { inceptionV3 } from '@cnnzoo/inception';
 *
 * const model = inceptionV3({ numClasses: 10, seed: 1 });
 */
export function inceptionV3(options: InceptionV3Options = {}): LayersModel {
  return buildFactorizedNetwork<Omit<InceptionV3Options, keyof AuxiliaryModelOptions>>(
    {
      id: 'inception_v3',
      stem,
      figure5,
      kernelSize3x3: 5,
      figure6,
      auxiliaryBatchNorm: true,
      countIncludePad: options?.countIncludePad !== false,
      ownOptions: { countIncludePad: optional(boolean) },
    },
    options,
  );
}
