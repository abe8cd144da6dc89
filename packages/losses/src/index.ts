export { type AuxiliaryCrossEntropyOptions, auxiliaryCrossEntropy, auxiliaryLoss } from './auxiliary-cross-entropy.js';
export type { Labels } from './classes.js';
export { type CrossEntropyOptions, crossEntropy, type Reduction } from './cross-entropy.js';
export { smoothLabels } from './smooth-labels.js';
export { squaredHinge } from './squared-hinge.js';
export { topKAccuracy } from './top-k-accuracy.js';
