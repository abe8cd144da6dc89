export { type ClassActivationOptions, classActivationMap, type GradCamOptions, gradCam } from './class-activation.js';
export type { Classifier } from './classifier.js';
export type { Dataset, Sample } from './dataset.js';
export { dense } from './dense.js';
export { type EvaluateEvent, type EvaluateOptions, evaluate } from './evaluate.js';
export { toFullyConvolutional } from './fully-convolutional.js';
export { crops12, crops144 } from './googlenet-crops.js';
export type { ClassActivationMap } from './heat-map.js';
export { merge } from './merge.js';
export { multiCropAndDense, multiScale } from './multi-scale.js';
export { toPng } from './png.js';
export { type Picture, type Prediction, type PredictOptions, predict } from './predict.js';
export type { Preprocessing } from './preprocessing.js';
export type { InputFormat, Protocol, ScaleOptions, View } from './protocol.js';
export {
  type CalibrationBin,
  type ClassReport,
  type Confusion,
  type EvaluationReport,
  type Mistake,
  mostConfused,
  type ReportPart,
  type Tally,
} from './report.js';
export { reportToHtml } from './report-html.js';
export { reportFromJson, reportToJson } from './report-json.js';
export { reportToMarkdown } from './report-markdown.js';
export { type MultiCropOptions, multiCrop, tenCrop } from './several-crops.js';
export { type SingleCropOptions, singleCrop } from './single-crop.js';
