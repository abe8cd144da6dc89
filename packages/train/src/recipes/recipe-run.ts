import { lossIdentity, type RunSettings, runSettings } from '../checkpoints/run-identity.js';
import { defaultAuxiliaryWeight } from '../loop/backward.js';
import { recipeOptions } from './recipe-options.js';
import type { Recipe, RecipeName } from './recipes.js';

/** What a checkpoint says of its run, for whoever writes one outside of JavaScript. */
export interface RecipeRun {
  /** What `resume` compares. Schedules are not compared: their samples depend on the data, and are left out. */
  readonly run: RunSettings;
  /** The optimizer's class, as checkpoints name it. */
  readonly optimizer: string;
}

/**
 * What `train` would write of a run by a recipe into its checkpoints. A program in another language that writes it, too, with weights, the
 * optimizer's state and the place in the data, has written a checkpoint that `resume` takes.
 * @param recipe by name, or one of your own
 * @throws TypeError or RangeError as `recipeOptions`
 * @example
 * import { recipeRun } from '@cnnzoo/train';
 *
 * console.log(recipeRun('resnet-cifar').run.optimizer); // { weightDecay: 0.0001, …, momentum: 0.9, nesterov: false }
 */
export function recipeRun(recipe: RecipeName | Recipe): RecipeRun {
  const {
    optimizer,
    epochs,
    loss,
    labelSmoothing = 0,
    auxiliaryWeight,
    auxiliarySchedule,
    clipping,
    averageDecay,
  } = recipeOptions(recipe);
  const described = {
    epochs,
    optimizer,
    loader: { batchesPerEpoch: 1, epoch: () => noBatches },
    schedule: () => 1,
    auxiliaryWeight: auxiliaryWeight ?? defaultAuxiliaryWeight,
    auxiliarySchedule: auxiliarySchedule ?? null,
    clipping: clipping ?? {},
    accumulate: 1,
    recompute: false,
    replicas: 1,
    averageDecay: averageDecay ?? null,
    earlyStopping: null,
  };
  const run = {
    ...runSettings(described, lossIdentity(loss, labelSmoothing)),
    schedule: [],
    ...(auxiliarySchedule === undefined ? {} : { auxiliarySchedule: [] }),
  };
  return { run, optimizer: optimizer.getClassName() };
}

const noBatches: AsyncIterable<never> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
};
