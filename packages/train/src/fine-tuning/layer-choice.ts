import { check, layersModel, listOf, number, string } from '@cnnzoo/checks';
import { modelWeights } from '@cnnzoo/weights';
import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { mapOf } from '../map-of.js';
import { optimizerRule, type StatefulOptimizer } from '../optimizers/optimizer.js';

type Layer = LayersModel['layers'][number];

/** Layers with their paths: those within models in the model have its name before theirs. */
function* layersWithin(layers: readonly Layer[], prefix = ''): Generator<[path: string, layer: Layer]> {
  for (const layer of layers) {
    const path = `${prefix}${layer.name}`;
    if ('layers' in layer && Array.isArray(layer.layers)) yield* layersWithin(layer.layers, `${path}.`);
    else yield [path, layer];
  }
}

const isWithin = (path: string, module: string) => path === module || path.startsWith(`${module}.`);

function checkModules(model: LayersModel, modules: readonly string[], argument: string): void {
  const paths = [...layersWithin(model.layers)].map(([path]) => path);
  for (const module of modules)
    if (!paths.some((path) => isWithin(path, module)))
      throw new RangeError(`${argument} must name layers or modules of model '${model.name}', got '${module}'`);
}

/**
 * Freezes layers: their weights are no longer trained, and batch norms among them use their running statistics and leave them alone.
 * @param modules names of layers (`conv1`) or of modules, which are their beginning (`layer1`)
 * @throws RangeError naming one that the model does not have; nothing is frozen then
 * @example
 * import { freezeLayers } from '@cnnzoo/train';
 *
 * freezeLayers(model, ['conv1', 'bn1', 'layer1', 'layer2']);
 */
export function freezeLayers(model: LayersModel, modules: readonly string[]): void {
  setTrainable(model, modules, false);
}

/**
 * Undoes `freezeLayers`.
 * @throws RangeError naming a module that the model does not have
 * @example
 * import { resnet18 } from '@cnnzoo/resnet';
 * import { freezeLayers, unfreezeLayers } from '@cnnzoo/train';
 *
 * const model = resnet18({ numClasses: 10 });
 * freezeLayers(model, ['conv1', 'bn1', 'layer1', 'layer2', 'layer3', 'layer4']);
 * unfreezeLayers(model, ['layer4']); // the classifier and the last stage learn
 */
export function unfreezeLayers(model: LayersModel, modules: readonly string[]): void {
  setTrainable(model, modules, true);
}

function setTrainable(model: LayersModel, modules: readonly string[], trainable: boolean): void {
  check('model', model, layersModel<LayersModel>());
  check('modules', modules, listOf(string()));
  checkModules(model, modules, 'modules');
  for (const [path, layer] of layersWithin(model.layers))
    if (modules.some((module) => isWithin(path, module))) layer.trainable = trainable;
}

/**
 * Gives modules learning rates of their own, as fine-tuning wants: lower ones for the layers that are nearer to the image.
 * @param factors on the optimizer's learning rate, by name of a layer or module; the longest name that fits counts
 * @throws RangeError naming a module that the model does not have, or a factor that is negative
 * @example
 * import { setLearningRateFactors, sgd } from '@cnnzoo/train';
 *
 * const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
 * setLearningRateFactors(model, optimizer, { layer1: 0.01, layer2: 0.1 });
 */
export function setLearningRateFactors(
  model: LayersModel,
  optimizer: StatefulOptimizer,
  factors: Readonly<Record<string, number>>,
): void {
  check('model', model, layersModel<LayersModel>());
  check('optimizer', optimizer, optimizerRule);
  check('factors', factors, mapOf(number(0)));
  checkModules(model, Object.keys(factors), 'factors');
  const longestFirst = Object.entries(factors).sort(([a], [b]) => b.length - a.length);
  for (const { key, variable } of modelWeights(model)) {
    const path = key.slice(0, key.lastIndexOf('.'));
    const factor = longestFirst.find(([module]) => isWithin(path, module))?.[1];
    if (factor !== undefined) optimizer.setLearningRateFactor(variable.read() as Variable, factor);
  }
}
