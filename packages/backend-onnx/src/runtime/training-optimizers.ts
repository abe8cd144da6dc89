/**
 * onnxruntime's optimizers that find nothing in a training step: those of quantized networks and of transformers, and those that do what the
 * engine has done. Each walks through the whole graph, several times: of a ResNet-50's step onnxruntime makes a session in 230 ms instead of 330 without
 * them, and the same nodes (one core of an EPYC, 2026-11-27).
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
  'CommonSubexpressionElimination',
  'ConstantSharing',
  'FreeDimensionOverrideTransformer',
  'GatherSliceToSplitFusion',
  'GatherToSliceFusion',
  'NhwcTransformer',
  'PropagateCastOps',
  'SliceConcatToSpaceToDepthFusion',
];

export const uselessForTraining: readonly string[] = [...quantized, ...transformers, ...others];
