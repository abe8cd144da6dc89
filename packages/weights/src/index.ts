export type { Dtype, TypedArray } from './dtype.js';
export { readKerasH5 } from './keras.js';
export { type LoadPretrainedOptions, loadPretrained, type PretrainedReport } from './load-pretrained.js';
export { type LoadReport, type LoadStateDictOptions, loadStateDict } from './load-state-dict.js';
export { stateDict } from './model-state-dict.js';
// @cnnzoo/train saves what an optimizer remembers of each weight under the weight's key.
export { type ModelWeight, modelWeights } from './model-weights.js';
export { readWeights } from './read-weights.js';
export { describeWeights, listWeights, type PublishedWeights, type WeightsPreprocessing } from './registry.js';
export { readSafetensors, readSafetensorsMetadata, writeSafetensors } from './safetensors.js';
export type { ReadableSource, Source } from './source.js';
export type { StateDict, StateTensor } from './state-dict.js';
export { layersModelFolder, readLayersModel } from './tfjs-layers-model.js';
export { readTorch } from './torch.js';
export type { WeightRulesId } from './weight-rules.js';
export { type DownloadOptions, weightsCacheFolder } from './weights-cache.js';
