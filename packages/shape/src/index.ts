export type { Size2d } from './arguments.js';
export { formatSummary } from './format-summary.js';
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
  type Cost,
  type DType,
  type LayerSummary,
  type ModelSummary,
  type SummarizeOptions,
  summarize,
} from './summarize.js';
