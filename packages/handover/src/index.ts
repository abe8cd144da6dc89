export type {
  Deviation,
  ParityCertificate,
  ParityStep,
  Verdict,
  WeightDeviation,
} from './parity/certificate.js';
export { type ParityOptions, type ParityReport, parity } from './parity/parity.js';
export { exportTorch, type TorchProgram, writeTorch } from './torch/export-torch.js';
export {
  exportTrainingStep,
  type TrainingStep,
  type TrainingStepOptions,
  writeTrainingStep,
} from './training-step/export-training-step.js';
export { loadTrainingState } from './training-step/load-training-state.js';
export type { StateEntry, StepInput, TrainingStepManifest } from './training-step/manifest.js';
