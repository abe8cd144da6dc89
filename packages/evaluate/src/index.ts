export type { Dataset, Sample } from './dataset.js';
export { type EvaluateEvent, type EvaluateOptions, evaluate } from './evaluate.js';
export { type Prediction, type PredictOptions, predict } from './predict.js';
export { type Protocol, type SingleCropOptions, singleCrop } from './protocol.js';
export { type ClassReport, type Confusion, type EvaluationReport, mostConfused } from './report.js';
