export type { OptionalRule, OptionRules, Rule, Size2d } from '@cnnzoo/checks';
export type { ModelMetadata, Preprocessing, PreprocessingName } from '@cnnzoo/metadata';
export {
  type GooglenetAuxiliaryClassifierOptions,
  googlenetAuxiliaryClassifier,
  inceptionAuxiliaryClassifier,
} from './blocks/auxiliary-classifier.js';
export { type BasicBlockOptions, basicBlock, type PlainBlockOptions, plainBlock } from './blocks/basic-block.js';
export { type BottleneckBlockOptions, bottleneckBlock } from './blocks/bottleneck-block.js';
export { type ConvBatchNormReluOptions, convBatchNormRelu } from './blocks/conv-batch-norm-relu.js';
export { type FactorizedConvolutionOptions, factorizedConvolution } from './blocks/factorized-convolution.js';
export {
  type AsymmetricInceptionOptions,
  asymmetricInception,
  type Double3x3InceptionOptions,
  double3x3Inception,
  type ExpandedInceptionOptions,
  expandedInception,
} from './blocks/factorized-inception.js';
export {
  type AsymmetricGridReductionOptions,
  asymmetricGridReduction,
  type GridReductionOptions,
  gridReduction,
} from './blocks/grid-reduction.js';
export { type HighwayBlockOptions, highwayBlock } from './blocks/highway-block.js';
export {
  type Branch,
  type InceptionOptions,
  inception,
  type NaiveInceptionOptions,
  naiveInception,
  parallelBranches,
  type ReducedInceptionOptions,
} from './blocks/inception.js';
export { type MlpconvOptions, mlpconv } from './blocks/mlpconv.js';
export {
  type PreActivationBasicBlockOptions,
  type PreActivationBottleneckBlockOptions,
  preActivationBasicBlock,
  preActivationBottleneckBlock,
} from './blocks/pre-activation-block.js';
export { type ResidualShortcutOptions, residualShortcut, type ShortcutType } from './blocks/residual-shortcut.js';
export { type SqueezeAndExcitationOptions, squeezeAndExcitation } from './blocks/squeeze-and-excitation.js';
export { type InitialWeights, type LayerInitializers, withInitialWeights } from './initial-weights/current-weights.js';
export {
  constant,
  glorotUniform,
  type Initializer,
  kaimingNormal,
  lecunNormal,
  normal,
  pytorchUniform,
  truncatedNormal,
  uniform,
} from './initial-weights/initializers.js';
export {
  type AdaptiveAveragePooling2dOptions,
  adaptiveAveragePooling2d,
} from './layers/adaptive-average-pooling-2d.js';
export { type AveragePooling2dOptions, averagePooling2d } from './layers/average-pooling-2d.js';
export type { LayerOptions } from './layers/base-layer.js';
export { type BatchNormOptions, batchNorm } from './layers/batch-normalization.js';
export {
  add,
  concatenate,
  connect,
  elu,
  flatten,
  globalAveragePooling2d,
  globalMaxPooling2d,
  multiply,
  relu,
  sigmoid,
  softmax,
  tanh,
} from './layers/connect.js';
export { type ContrastNormalizationOptions, contrastNormalization } from './layers/contrast-normalization.js';
export { type Conv2dOptions, conv2d } from './layers/conv2d.js';
export { type DenseOptions, dense } from './layers/dense.js';
export { type DropoutOptions, dropout } from './layers/dropout.js';
export { highwayGate } from './layers/highway-gate.js';
export {
  type LocalResponseNormalizationOptions,
  localResponseNormalization,
} from './layers/local-response-normalization.js';
export { type MaxPooling2dOptions, maxPooling2d } from './layers/max-pooling-2d.js';
export { type MaxoutOptions, maxout } from './layers/maxout.js';
export { type PReluOptions, prelu } from './layers/prelu.js';
export { registerLayers } from './layers/register-layers.js';
export { type SpatialPyramidPoolingOptions, spatialPyramidPooling } from './layers/spatial-pyramid-pooling.js';
export type { LayerPadding } from './layers/window.js';
export { type ZeroPaddedShortcutOptions, zeroPaddedShortcut } from './layers/zero-padded-shortcut.js';
export { type Architecture, buildModel, type FeaturesWithAuxiliary } from './model/build-model.js';
export { features } from './model/features.js';
export { modelMetadata, setModelMetadata } from './model/model-metadata.js';
export type {
  AuxiliaryModelOptions,
  DropoutModelOptions,
  InputShape,
  ModelDefaults,
  ModelOptions,
  ResolvedOptions,
} from './model/model-options.js';
export { setZca, type Whitening, type ZcaWeights } from './model/whitening.js';
