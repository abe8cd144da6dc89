export type { RunDifference, RunIdentity, RunSettings } from './checkpoints/run-identity.js';
export { type Distillation, type DistillationOptions, distillation } from './distillation/distillation.js';
export { type HintOptions, trainHint } from './distillation/train-hint.js';
export { freezeLayers, setLearningRateFactors, unfreezeLayers } from './fine-tuning/layer-choice.js';
export { type LayerVariance, type LsuvOptions, lsuv, orthonormal } from './fine-tuning/lsuv.js';
export { type PreInitialisation, type PreInitialiseOptions, preInitialise } from './fine-tuning/pre-initialise.js';
export {
  type FindLearningRateOptions,
  findLearningRate,
  type LearningRateCurve,
} from './learning-rate/find-learning-rate.js';
export { jsonlLog } from './logs/jsonl-log.js';
export { type MlflowLogOptions, mlflowLog } from './logs/mlflow-log.js';
export {
  type ProgressBarOptions,
  type ProgressEvent,
  type ProgressStream,
  progressBar,
} from './logs/progress-bar.js';
export type { RemoteLog } from './logs/remote-log.js';
export { tensorboardLog } from './logs/tensorboard-log.js';
export { type TrackioLogOptions, trackioLog } from './logs/trackio-log.js';
export { trainingCurves } from './logs/training-curves.js';
export type { Loss } from './loop/backward.js';
export type { Batch, Loader } from './loop/batch.js';
export type { EarlyStopping } from './loop/early-stopping.js';
export type { StepRecord, TrainEvent } from './loop/events.js';
export type { GradientClipping } from './loop/gradient-clipping.js';
export type { EpochRecord, History, Interruption, Score } from './loop/history.js';
export type { Metric } from './loop/metrics.js';
export { train } from './loop/train.js';
export type { CheckpointOptions, TrainOptions } from './loop/train-options.js';
export { TrainingError } from './loop/training-error.js';
export { type UpdateMeasures, type UpdateOptions, updateWeights } from './loop/update-weights.js';
export { type Adam, type AdamOptions, type AdamW, adam, adamw } from './optimizers/adam.js';
export { type Lars, type LarsOptions, lars } from './optimizers/lars.js';
export { type OptimizerOptions, StatefulOptimizer, type StepNumbers } from './optimizers/optimizer.js';
export { type Rmsprop, type RmspropOptions, rmsprop } from './optimizers/rmsprop.js';
export { type Sgd, type SgdOptions, sgd } from './optimizers/sgd.js';
export { formatRecipe, type RecipeOptions, recipeOptions } from './recipes/recipe-options.js';
export { type RecipeRun, recipeRun } from './recipes/recipe-run.js';
export { type OptimizerRecipe, type Recipe, type RecipeName, recipes, type ScheduleRecipe } from './recipes/recipes.js';
export { type CosineDecayOptions, cosineDecay } from './schedules/cosine-decay.js';
export { type ExponentialDecayOptions, exponentialDecay } from './schedules/exponential-decay.js';
export { type OneCycleOptions, oneCycle } from './schedules/one-cycle.js';
export { type PolynomialDecayOptions, polynomialDecay } from './schedules/polynomial-decay.js';
export { type ReduceOnPlateauOptions, reduceOnPlateau } from './schedules/reduce-on-plateau.js';
export type { Schedule, SchedulePosition } from './schedules/schedule.js';
export {
  type MultiStepDecayOptions,
  multiStepDecay,
  type StepDecayOptions,
  stepDecay,
} from './schedules/step-decay.js';
export type { ScheduleUnit } from './schedules/unit.js';
export { type WarmUpOptions, warmUp } from './schedules/warm-up.js';
export type { TrainWarnings } from './warnings/mistakes.js';
