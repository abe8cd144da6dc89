export type { ReadableSource, ReadLimits, Source } from '@cnnzoo/files';
export type { Preprocessing } from '@cnnzoo/metadata';
export type { FileHash } from './download/file-hash.js';
export { type DownloadOptions, weightsCacheFolder } from './download/weights-cache.js';
export { readKeras } from './formats/keras/keras.js';
export type { ReadOptions } from './formats/read-file.js';
export { readWeights } from './formats/read-weights.js';
export { readSafetensors, readSafetensorsMetadata, writeSafetensors } from './formats/safetensors.js';
export { layersModelFolder, readLayersModel } from './formats/tfjs/layers-model.js';
export { type ReadTorchOptions, readTorch } from './formats/torch/torch.js';
export { describeHubWeights, type HubWeights } from './hub/hub-weights.js';
export { type HubModelFiles, hubModelFiles } from './hub/model-files.js';
export { type LoadReport, type LoadStateDictOptions, loadStateDict } from './model/load-state-dict.js';
// @cnnzoo/train saves what an optimizer remembers of each weight under the weight's key.
export { type ModelWeight, modelWeights } from './model/model-weights.js';
export { stateDict } from './model/state-dict-of-model.js';
export {
  type CachedWeights,
  cachedWeights,
  clearCachedWeights,
  downloadWeights,
  verifyCachedWeights,
} from './published/cached-weights.js';
export { type LoadPretrainedOptions, loadPretrained, type PretrainedReport } from './published/load-pretrained.js';
export type { PublishedWeights } from './published/published-weights.js';
export { describeWeights, findWeights, listWeights } from './published/registry.js';
export type { WeightRulesId } from './published/weight-rules.js';
export type { Dtype, TypedArray } from './state-dict/dtype.js';
export type { StateDict, StateTensor } from './state-dict/state-dict.js';
