export type { Size2d } from '@cnnzoo/checks';
export { type Candidate, type ComparedQuantity, type Comparison, compare, formatComparisons } from './compare.js';
export { compareFactorizations, factorizations } from './factorizations.js';
export type { FormatOptions } from './format/format-options.js';
export { formatSummary } from './format/format-summary.js';
export type { KernelUse } from './layer-outcome.js';
export type * from './layer-spec.js';
export {
  type AdaptiveSize,
  adaptivePoolOutputSize,
  convOutputSize,
  convTransposeOutputSize,
  type Padding,
  padOutputSize,
  poolOutputSize,
  resizeOutputSize,
  type TransposedWindowOptions,
  type WindowOptions,
} from './output-size.js';
export type { LayersModelLike, SymbolicTensorLike } from './read-layers-model.js';
export type { ReceptiveField } from './receptive-field.js';
export {
  type KernelQuestion,
  type MisfitAnswer,
  type MisfitQuestion,
  type PaddingQuestion,
  type Solution,
  type StrideQuestion,
  solve,
} from './solve.js';
export {
  type Cost,
  type DType,
  type LayerSummary,
  type ModelSummary,
  type SummarizeOptions,
  summarize,
} from './summarize.js';
export type { AxisPadding } from './window.js';
