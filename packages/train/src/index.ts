export type { Batch, Loader } from './batch.js';
export type { EarlyStopping } from './early-stopping.js';
export type { StepRecord, TrainEvent } from './events.js';
export type { GradientClipping } from './gradient-clipping.js';
export type { EpochRecord, History, Interruption, Score } from './history.js';
export { jsonlLog } from './jsonl-log.js';
export { freezeLayers, setLearningRateFactors, unfreezeLayers } from './layer-choice.js';
export type { Metric } from './metrics.js';
export { type Adam, type AdamOptions, type AdamW, adam, adamw } from './optimizers/adam.js';
export { type Lars, type LarsOptions, lars } from './optimizers/lars.js';
export { type OptimizerOptions, StatefulOptimizer } from './optimizers/optimizer.js';
export { type Rmsprop, type RmspropOptions, rmsprop } from './optimizers/rmsprop.js';
export { type Sgd, type SgdOptions, sgd } from './optimizers/sgd.js';
export { type PreInitialisation, type PreInitialiseOptions, preInitialise } from './pre-initialise.js';
export { formatRecipe, type RecipeOptions, recipeOptions } from './recipe-options.js';
export { type OptimizerRecipe, type Recipe, type RecipeName, recipes, type ScheduleRecipe } from './recipes.js';
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
export { tensorboardLog } from './tensorboard-log.js';
export { type CheckpointOptions, type TrainOptions, train } from './train.js';
export { trainingCurves } from './training-curves.js';
export { TrainingError } from './training-error.js';
export type { Loss } from './training-step.js';
