export type { Batching } from './batching/batch-queue.js';
export { createServer, type ListenOptions, type ModelServer } from './create-server.js';
export type {
  ClassPrediction,
  ModelSource,
  Predictor,
  ServedClassifier,
  ServedNetwork,
} from './models/served-classifier.js';
export type { LogStream, ServedFormat, ServerLimits, ServerOptions } from './server-options.js';
