export type { Dtype, TypedArray } from './dtype.js';
export { readKerasH5 } from './keras.js';
export { type LoadReport, type LoadStateDictOptions, loadStateDict } from './load-state-dict.js';
export { stateDict } from './model-state-dict.js';
export { type ModelWeight, modelWeights } from './model-weights.js';
export { readSafetensors, readSafetensorsMetadata, writeSafetensors } from './safetensors.js';
export type { ReadableSource, Source } from './source.js';
export type { StateDict, StateTensor } from './state-dict.js';
export { readTorch } from './torch.js';
