export type { EngineStats } from './engine/statistics.js';
export { engineStats, type OnnxBackendOptions, registerOnnxBackend } from './register-backend.js';
