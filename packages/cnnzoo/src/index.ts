export { createModel, listModels } from './networks/create-model.js';
export { type FromPretrainedOptions, fromPretrained } from './networks/from-pretrained.js';
export type { Family, ModelId, OptionsOf } from './networks/models.js';
