/**
 * Bundlers for browsers find this file instead of the package (the condition "browser" of its exports). It lacks what reads folders or writes
 * files, `fineTune` and `saveModel`: a bundler stops at their import and names them and this file.
 */
export { type ProgressBarOptions, type ProgressEvent, type ProgressStream, progressBar } from '@cnnzoo/train';
export {
  type ClassifyOptions,
  type EvaluateClassifierOptions,
  type ImageClassifier,
  imageClassifier,
} from './classifier/classifier.js';
export type { ClassifierInput } from './classifier/image-input.js';
export type { LabelledImages } from './classifier/labelled-images.js';
export { type LoadClassifierOptions, loadClassifier } from './classifier/load-classifier.js';
export type { PageImage, PagePixels } from './classifier/page-image.js';
export type { Predictor } from './classifier/runner.js';
export { loadModel } from './classifier/saved-model.js';
export type { MapPredictor, ServableNetwork } from './classifier/servable-network.js';
export type { TrainingFacts } from './classifier/training-facts.js';
export { createModel, listModels } from './networks/create-model.js';
export { type FromPretrainedOptions, fromPretrained } from './networks/from-pretrained.js';
export type { Family, ModelId, OptionsOf } from './networks/models.js';
export * from './packages.js';
export { useBackend } from './use-backend.js';
