export { type ChosenBackend, type EngineName, type UseBackendOptions, useBackend } from './use-backend.js';
