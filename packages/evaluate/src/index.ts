export type { Shard } from '@cnnzoo/checks';
export type { Preprocessing } from '@cnnzoo/metadata';
export { type DescribeEvaluationOptions, describeEvaluation } from './describe-evaluation.js';
export { type EvaluateEvent, type EvaluateOptions, evaluate } from './evaluate.js';
export type { BatchEvidence, EvaluationCode, EvaluationIdentity, Evidence } from './evidence/evidence.js';
export { extractFeatures, type Features } from './extract-features.js';
export type { LabelledImage, LabelledImages } from './labelled-images.js';
export {
  type ClassActivationOptions,
  classActivationMap,
  type GradCamOptions,
  gradCam,
} from './maps/class-activation.js';
export { activationOverlay, type ClassActivationMap } from './maps/heat-map.js';
export { toPng } from './maps/png.js';
export type { Classifier } from './networks/classifier.js';
export { toFullyConvolutional } from './networks/fully-convolutional.js';
export { type ImageInput, type Prediction, type PredictOptions, predict } from './predict.js';
export { denseEvaluation } from './protocols/dense-evaluation.js';
export { crops12, crops144 } from './protocols/googlenet-crops.js';
export { multiCropAndDense, multiScale } from './protocols/multi-scale.js';
export type { InputFormat, Protocol, ScaleOptions, View } from './protocols/protocol.js';
export { type MultiCropOptions, multiCrop, tenCrop } from './protocols/several-crops.js';
export { type SingleCropOptions, singleCrop } from './protocols/single-crop.js';
export type { ImageAnswer } from './report/answers.js';
export type { EvaluationDescription } from './report/evaluation-differences.js';
export { merge } from './report/merge.js';
export {
  type CalibrationBin,
  type ClassReport,
  type Confusion,
  type EvaluationReport,
  type Mistake,
  mostConfused,
  type ReportPart,
  type Tally,
} from './report/report.js';
export { reportToHtml } from './report/report-html.js';
export { reportFromJson, reportToJson } from './report/report-json.js';
export { reportToMarkdown } from './report/report-markdown.js';
export {
  type Contradiction,
  type Verification,
  type VerificationDifference,
  type VerifyEvent,
  type VerifyOptions,
  verifyReport,
} from './verify/verify-report.js';
