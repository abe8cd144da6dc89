export type { EngineName, EnginePreference } from './engine-name.js';
export type { UseBackendOptions } from './engine-options.js';
export type { RejectedEngine } from './select-engine.js';
export { type ChosenBackend, useBackend } from './use-backend.js';
