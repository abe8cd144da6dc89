import { check, checkOptions, nearestNames, oneOf, optional, shown, string } from '@cnnzoo/checks';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Family, families, type ModelId, models, type OptionsOf } from './models.js';

/** @throws TypeError where `id` is no string, RangeError naming the nearest ids where no network has it */
export function checkModelId(id: unknown): asserts id is ModelId {
  const name = check('id', id, string("a network's name such as 'resnet50'"));
  if (Object.hasOwn(models, name)) return;
  const nearest = nearestNames(name, Object.keys(models)).slice(0, 3);
  const remedy = nearest.length === 0 ? '' : `, the nearest are ${nearest.map(shown).join(', ')}`;
  throw new RangeError(`there is no network ${shown(name)}${remedy}; listModels() has all`);
}

/**
 * Builds a network by its name.
 * @param id torchvision's name ('resnet50', 'vgg16_bn', 'inception_v3') or one of ours: see `listModels`
 * @param options the network's own: `numClasses`, `inputShape`, `includeTop` and so on
 * @returns what the function of that network returns: a model with random weights, without a file or a download
 * @throws TypeError or RangeError naming the id, with the nearest ones, or the option
 * @example
 * import { createModel } from 'cnnzoo';
 *
 * const model = createModel('resnet18', { numClasses: 10, inputShape: [64, 64, 3], seed: 1 });
 */
export function createModel<Id extends ModelId>(id: Id, options?: OptionsOf<Id>): LayersModel {
  checkModelId(id);
  // Each function checks its options itself, also those that its type would not let pass.
  return (models[id] as (options?: OptionsOf<Id>) => LayersModel)(options);
}

/**
 * The names of all networks.
 * @param options `family` for those of one: lenet, alexnet, vgg, googlenet, resnet, cifar-networks or inception
 * @returns ids for `createModel`, family by family, the small ones first
 * @throws TypeError for an unknown option, RangeError for an unknown family
 * @example
 * import { listModels } from 'cnnzoo';
 *
 * for (const id of listModels({ family: 'vgg' })) console.log(id);
 */
export function listModels(options: { readonly family?: Family } = {}): ModelId[] {
  const names = Object.keys(families) as Family[];
  const { family } = checkOptions<{ readonly family?: Family }>('listModels', options, {
    family: optional(oneOf(names)),
  });
  if (family === undefined) return Object.keys(models) as ModelId[];
  return Object.keys(families[family]) as ModelId[];
}
