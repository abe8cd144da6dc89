export {
  type ComputationState,
  type ExportComputationOptions,
  type ExportedComputation,
  exportComputation,
} from './computation/export-computation.js';
export type { Computation } from './computation/record-computation.js';
export type { EngineStats, Transfers } from './engine/statistics.js';
export { exportOnnx, writeOnnx } from './export/export-onnx.js';
export type { ExportOnnxOptions } from './export/export-options.js';
export {
  type FreezeInWorkerOptions,
  type FreezeOptions,
  type FrozenModel,
  type FrozenModelInWorker,
  freeze,
  type OnnxBytes,
} from './inference/freeze.js';
export { type Int8Products, int8Products } from './inference/int8-products.js';
export type { OnnxFileSignature } from './inference/onnx-file-signature.js';
export {
  type OnnxFileModel,
  type OnnxFileModelInWorker,
  type OpenOnnxFileOptions,
  openOnnxFile,
} from './inference/open-onnx-file.js';
export {
  type FetchedValue,
  type GraphValue,
  type OnnxGraphSession,
  type OpenOnnxGraphOptions,
  openOnnxGraph,
} from './inference/open-onnx-graph.js';
export type { RequestOptions } from './inference/request.js';
export type { Batching } from './inference/request-batcher.js';
export type { Signature } from './inference/signature.js';
export type { GraphModel } from './prediction/recordable-model.js';
export { engineStats, type OnnxBackendOptions, registerOnnxBackend } from './register-backend.js';
export type { Device } from './runtime/device.js';
export { type TrainingTuning, type TuneTrainingOptions, tuneTraining } from './tuning/tune-training.js';
export { type TunedConvolutions, tunedConvolutions } from './tuning/tuned-convolutions.js';
