export { describeFamily, onBackend, testGoldenTraining } from './describe-family.js';
export { type ModelGolden, modelGolden, trainingGolden } from './golden-files.js';
export { goldenLogitsError, layerShapes, parameterCount } from './golden-models.js';
export { goldenInput, goldenWeight, uniform } from './golden-numbers.js';
export {
  expectGoldenTraining,
  relativeError,
  runGoldenTraining,
  type TrainingErrors,
  type TrainingFigures,
  type TrainingGolden,
  trainingErrors,
} from './golden-training.js';
export { lectureTable } from './lecture-table.js';
export { loadGoldenWeights, type PytorchWeight, pytorchWeights, stateShapes } from './pytorch-weights.js';
export { sharedFile } from './shared-folder.js';
