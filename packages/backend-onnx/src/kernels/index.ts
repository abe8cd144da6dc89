/** All native kernels. */
import { arrayKernels } from './arrays.js';
import { convolutionKernels } from './convolution.js';
import { convolutionGradientKernels } from './convolution-gradients.js';
import { creationKernels } from './creation.js';
import { elementwiseKernels } from './elementwise.js';
import { matrixProductKernels } from './matrix-product.js';
import { normalizationKernels } from './normalization.js';
import { poolingKernels } from './pooling.js';
import { reductionKernels } from './reductions.js';
import type { KernelTable } from './registry.js';
import { resizingKernels } from './resizing.js';

export const kernelTables: readonly KernelTable[] = [
  arrayKernels,
  convolutionGradientKernels,
  convolutionKernels,
  creationKernels,
  elementwiseKernels,
  matrixProductKernels,
  normalizationKernels,
  poolingKernels,
  reductionKernels,
  resizingKernels,
];
