/** All native kernels. */

import type { KernelTable } from '../tfjs/kernel.js';
import { arrayKernels } from './arrays.js';
import { convolutionKernels } from './convolution/index.js';
import { creationKernels } from './creation.js';
import { cropAndResizeKernels } from './crop-and-resize.js';
import { dropoutMaskKernels } from './dropout-mask.js';
import { elementwiseKernels } from './elementwise.js';
import { float64Kernels } from './float64-functions.js';
import { gatheringKernels } from './gathering.js';
import { matrixProductKernels } from './matrix-product.js';
import { mirrorPadKernels } from './mirror-pad.js';
import { normalizationKernels } from './normalization.js';
import { poolingKernels } from './pooling.js';
import { reductionKernels } from './reductions.js';
import { resizingKernels } from './resizing.js';
import { spaceToBatchKernels } from './space-to-batch.js';

export const kernelTables: readonly KernelTable[] = [
  arrayKernels,
  convolutionKernels,
  creationKernels,
  cropAndResizeKernels,
  dropoutMaskKernels,
  elementwiseKernels,
  gatheringKernels,
  float64Kernels,
  matrixProductKernels,
  mirrorPadKernels,
  normalizationKernels,
  poolingKernels,
  reductionKernels,
  resizingKernels,
  spaceToBatchKernels,
];
