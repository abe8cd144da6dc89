export type { EngineStats } from './engine/statistics.js';
export {
  type FreezeInWorkerOptions,
  type FreezeOptions,
  type FrozenModel,
  type FrozenModelInWorker,
  freeze,
} from './inference/freeze.js';
export type { Batching } from './inference/request-batcher.js';
export { engineStats, type OnnxBackendOptions, registerOnnxBackend } from './register-backend.js';
