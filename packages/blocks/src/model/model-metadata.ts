/** What a model knows of itself, kept in tfjs's user-defined metadata and so in saved models, too. */
import { check, layersModel, rule } from '@cnnzoo/checks';
import { type ModelMetadata, readMetadata, writeMetadata } from '@cnnzoo/metadata';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * The metadata of a model from this project, built or loaded.
 * @returns null where the model has none
 * @throws TypeError or RangeError naming the field where a loaded model's metadata are not what they must be
 * @example
 * import { modelMetadata } from '@cnnzoo/blocks';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * console.log(modelMetadata(resnet18({ numClasses: 10 }))?.id); // resnet18
 */
export function modelMetadata(model: LayersModel): ModelMetadata | null {
  check('model', model, layersModel<LayersModel>());
  const { id, options = {}, preprocessing, categories = null, ...others } = readMetadata(model);
  return id === undefined || preprocessing === undefined ? null : { id, options, preprocessing, categories, ...others };
}

/**
 * Changes some of a model's metadata, e.g. `setModelMetadata(model, { categories: ['cat', 'dog'] })`.
 * @throws TypeError or RangeError naming the field, before anything changes
 * @example
 * import { setModelMetadata } from '@cnnzoo/blocks';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * const model = resnet18({ numClasses: 2 });
 * setModelMetadata(model, { categories: ['cat', 'dog'] });
 */
export function setModelMetadata(model: LayersModel, metadata: Partial<ModelMetadata>): void {
  check('model', model, layersModel<LayersModel>());
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  check('metadata', metadata, rule<Partial<ModelMetadata>>('an object', isObject));
  writeMetadata(model, metadata);
}
