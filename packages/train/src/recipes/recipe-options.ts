import {
  checkOptions,
  integer,
  listOf,
  nearestNames,
  number,
  type OptionRules,
  oneOf,
  optional,
  positive,
  type Rule,
  record,
  rule,
  shown,
  string,
} from '@cnnzoo/checks';
import { isRecord } from '@cnnzoo/files';
import { squaredHinge } from '@cnnzoo/losses';
import type { TrainOptions } from '../loop/train-options.js';
import { adamw } from '../optimizers/adam.js';
import type { StatefulOptimizer } from '../optimizers/optimizer.js';
import { rmsprop } from '../optimizers/rmsprop.js';
import { sgd } from '../optimizers/sgd.js';
import { cosineDecay } from '../schedules/cosine-decay.js';
import { polynomialDecay } from '../schedules/polynomial-decay.js';
import { reduceOnPlateau } from '../schedules/reduce-on-plateau.js';
import type { Schedule } from '../schedules/schedule.js';
import { multiStepDecay, stepDecay } from '../schedules/step-decay.js';
import { type WarmUpOptions, warmUp } from '../schedules/warm-up.js';
import { type OptimizerRecipe, type Recipe, type RecipeName, recipes, type ScheduleRecipe } from './recipes.js';

/** The part of `train`'s options that a recipe decides. */
export type RecipeOptions = Pick<
  TrainOptions,
  | 'epochs'
  | 'optimizer'
  | 'schedule'
  | 'loss'
  | 'labelSmoothing'
  | 'auxiliaryWeight'
  | 'auxiliarySchedule'
  | 'clipping'
  | 'averageDecay'
>;

/**
 * `train`'s options from a recipe, with an optimizer of its own.
 * @param recipe by name, or one of your own, such as `{ ...recipes.resnet, epochs: 10 }`
 * @throws RangeError for an unknown name, naming those there are
 * @example
 * import { recipeOptions, recipes, train } from '@cnnzoo/train';
 *
 * const options = { ...recipeOptions('resnet-cifar'), checkpoint: { folder: 'runs/resnet20' } };
 * const { interrupted } = await train(model, loader, options);
 * if (interrupted !== null) console.log(`ended early by ${interrupted}`);
 */
export function recipeOptions(recipe: RecipeName | Recipe): RecipeOptions {
  const chosen = resolve(recipe);
  const { epochs, labelSmoothing, auxiliaryWeight, auxiliarySchedule, clipping, averageDecay } = chosen;
  const schedule = makeSchedule(chosen.schedule);
  return {
    epochs,
    optimizer: makeOptimizer(chosen.optimizer),
    schedule: chosen.warmUp === undefined ? schedule : warmUp(chosen.warmUp, schedule),
    ...(chosen.loss === undefined ? {} : { loss: losses[chosen.loss] }),
    ...(labelSmoothing === undefined ? {} : { labelSmoothing }),
    ...(auxiliaryWeight === undefined ? {} : { auxiliaryWeight }),
    ...(auxiliarySchedule === undefined ? {} : { auxiliarySchedule: makeSchedule(auxiliarySchedule) }),
    ...(clipping === undefined ? {} : { clipping }),
    ...(averageDecay === undefined ? {} : { averageDecay }),
  };
}

/**
 * A recipe as text, to be read.
 * @throws RangeError for an unknown name, naming those there are
 * @example
 * import { formatRecipe } from '@cnnzoo/train';
 *
 * console.log(formatRecipe('inception'));
 */
export function formatRecipe(recipe: RecipeName | Recipe): string {
  const { networks, paper, notes, augmentation, optimizer, schedule, auxiliarySchedule, warmUp, clipping, ...numbers } =
    resolve(recipe);
  const call = ({ name, ...options }: { readonly name: string }) => `${name}(${listed(options)})`;
  const lines: [string, string][] = [
    ['networks', networks.join(', ')],
    ['paper', paper],
    ...Object.entries(numbers).map(([name, value]): [string, string] => [words(name), String(value)]),
    ['optimizer', call(optimizer)],
    ['schedule', call(schedule)],
    ...(auxiliarySchedule === undefined ? [] : [['auxiliary schedule', call(auxiliarySchedule)] as [string, string]]),
    ...(warmUp === undefined ? [] : [['warm-up', listed(warmUp)] as [string, string]]),
    ...(clipping === undefined ? [] : [['clipping', listed(clipping)] as [string, string]]),
    ['augmentation', augmentation.join(', ')],
    ...(notes === undefined ? [] : [['notes', notes] as [string, string]]),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('');
}

const losses = { squaredHinge } as const;

/** Whether it has nothing but what options are: numbers, texts, true and false, and lists of them. */
function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  const isPlain = (each: unknown) => ['undefined', 'number', 'string', 'boolean'].includes(typeof each);
  return (
    isRecord(value) && Object.values(value).every((each) => (Array.isArray(each) ? each.every(isPlain) : isPlain(each)))
  );
}

/** An object with a name that decides which options it has besides: what it names checks them. */
function named<T extends { readonly name: string }>(names: readonly T['name'][]): Rule<T> {
  return rule<T>(
    `an object with a name, one of ${names.join(', ')}`,
    (value) => isOptions(value) && typeof value['name'] === 'string',
    ({ name }) => names.includes(name),
  );
}

const scheduleRecipe = named<ScheduleRecipe>([
  'stepDecay',
  'multiStepDecay',
  'reduceOnPlateau',
  'polynomialDecay',
  'cosineDecay',
]);

const recipeRules: OptionRules<Recipe> = {
  networks: listOf(string()),
  paper: string(),
  notes: optional(string()),
  batchSize: integer(1),
  epochs: integer(1),
  optimizer: named<OptimizerRecipe>(['sgd', 'rmsprop', 'adamw']),
  schedule: scheduleRecipe,
  warmUp: optional(rule<WarmUpOptions>('an object, the options of warmUp', isOptions)),
  loss: optional(oneOf(['squaredHinge'])),
  labelSmoothing: optional(number(0, 1)),
  auxiliaryWeight: optional(number(0)),
  auxiliarySchedule: optional(scheduleRecipe),
  clipping: optional(record<{ readonly norm: number }>({ norm: positive })),
  averageDecay: optional(number(0, 1)),
  dropout: optional(number(0, 1)),
  initialWeights: optional(oneOf(['lsuv'])),
  whitening: optional(oneOf(['contrast', 'zca'])),
  augmentation: listOf(string()),
  preInitialise: optional(string()),
};

function resolve(recipe: RecipeName | Recipe): Recipe {
  if (typeof recipe !== 'string') return checkOptions('recipe', recipe, recipeRules);
  if (Object.hasOwn(recipes, recipe)) return recipes[recipe];
  const names = Object.keys(recipes);
  const [nearest] = nearestNames(recipe, names);
  const remedy = nearest === undefined ? '' : `: did you mean '${nearest}'?`;
  throw new RangeError(`recipe must be one of ${names.join(', ')}, got ${shown(recipe)}${remedy}`);
}

/** An optimizer's or schedule's options, without its name. */
function optionsOf<Named extends { readonly name: string }>({ name: _, ...options }: Named): Omit<Named, 'name'> {
  return options;
}

function makeOptimizer(recipe: OptimizerRecipe): StatefulOptimizer {
  switch (recipe.name) {
    case 'sgd':
      return sgd(optionsOf(recipe));
    case 'rmsprop':
      return rmsprop(optionsOf(recipe));
    case 'adamw':
      return adamw(optionsOf(recipe));
  }
}

function makeSchedule(recipe: ScheduleRecipe): Schedule {
  switch (recipe.name) {
    case 'stepDecay':
      return stepDecay(optionsOf(recipe));
    case 'multiStepDecay':
      return multiStepDecay(optionsOf(recipe));
    case 'reduceOnPlateau':
      return reduceOnPlateau(optionsOf(recipe));
    case 'polynomialDecay':
      return polynomialDecay(optionsOf(recipe));
    case 'cosineDecay':
      return cosineDecay(optionsOf(recipe));
  }
}

function listed(options: object): string {
  return Object.entries(options)
    .map(([name, value]) => `${words(name)} ${Array.isArray(value) ? value.join(' ') : value}`)
    .join(', ');
}

/** learningRate as "learning rate". */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
