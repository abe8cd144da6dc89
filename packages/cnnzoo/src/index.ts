export { createModel, listModels } from './create-model.js';
export { type FromPretrainedOptions, fromPretrained } from './from-pretrained.js';
export type { Family, ModelId, OptionsOf } from './models.js';
