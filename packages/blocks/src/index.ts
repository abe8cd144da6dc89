export type { ModelMetadata, Preprocessing, PreprocessingName } from '@cnnzoo/metadata';
export { type AdaptiveAveragePooling2dOptions, adaptiveAveragePooling2d } from './adaptive-average-pooling-2d.js';
export { integerAtLeast, oneOf, type Size2d } from './arguments.js';
export {
  type GooglenetAuxiliaryClassifierOptions,
  googlenetAuxiliaryClassifier,
  inceptionAuxiliaryClassifier,
} from './auxiliary-classifier.js';
export { type AveragePooling2dOptions, averagePooling2d } from './average-pooling-2d.js';
export { type BasicBlockOptions, basicBlock, type PlainBlockOptions, plainBlock } from './basic-block.js';
export { type BatchNormOptions, batchNorm } from './batch-normalization.js';
export { type BottleneckBlockOptions, bottleneckBlock } from './bottleneck-block.js';
export { type Architecture, buildModel, type FeaturesWithAuxiliary } from './build-model.js';
export {
  add,
  concatenate,
  connect,
  flatten,
  globalAveragePooling2d,
  globalMaxPooling2d,
  relu,
  softmax,
} from './connect.js';
export { type ConvBatchNormReluOptions, convBatchNormRelu } from './conv-batch-norm-relu.js';
export { type Conv2dOptions, conv2d } from './conv2d.js';
export { type DenseOptions, dense } from './dense.js';
export { type DropoutOptions, dropout } from './dropout.js';
export { type FactorizedConvolutionOptions, factorizedConvolution } from './factorized-convolution.js';
export {
  type AsymmetricInceptionOptions,
  asymmetricInception,
  type Double3x3InceptionOptions,
  double3x3Inception,
  type ExpandedInceptionOptions,
  expandedInception,
} from './factorized-inception.js';
export { features } from './features.js';
export {
  type AsymmetricGridReductionOptions,
  asymmetricGridReduction,
  type GridReductionOptions,
  gridReduction,
} from './grid-reduction.js';
export {
  type Branch,
  type InceptionOptions,
  inception,
  type NaiveInceptionOptions,
  naiveInception,
  parallelBranches,
  type ReducedInceptionOptions,
} from './inception.js';
export {
  constant,
  glorotUniform,
  type Initializer,
  type InitialWeights,
  kaimingNormal,
  type LayerInitializers,
  normal,
  pytorchUniform,
  truncatedNormal,
  uniform,
  withInitialWeights,
} from './initializers.js';
export type { LayerOptions } from './layer-arguments.js';
export {
  type LocalResponseNormalizationOptions,
  localResponseNormalization,
} from './local-response-normalization.js';
export { type MaxPooling2dOptions, maxPooling2d } from './max-pooling-2d.js';
export { modelMetadata, setModelMetadata } from './model-metadata.js';
export type {
  AuxiliaryModelOptions,
  DropoutModelOptions,
  InputShape,
  ModelDefaults,
  ModelOptions,
  OptionCheck,
  ResolvedOptions,
} from './model-options.js';
export {
  type PreActivationBasicBlockOptions,
  type PreActivationBottleneckBlockOptions,
  preActivationBasicBlock,
  preActivationBottleneckBlock,
} from './pre-activation-block.js';
export { registerLayers } from './register-layers.js';
export { type ResidualShortcutOptions, residualShortcut, type ShortcutType } from './residual-shortcut.js';
export type { Padding } from './window.js';
export { type ZeroPaddedShortcutOptions, zeroPaddedShortcut } from './zero-padded-shortcut.js';
