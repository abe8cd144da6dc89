/**
 * The fusions: which operations are emitted as one, or in another way than each by itself. Each row names an operation, the condition
 * is in the function that it points to, and its comment says what becomes of it. A graph is as right without any of them: a row is
 * there because it is faster, and the tests compile graphs with and without each.
 *
 * Fusing is simple because `OnnxGraph.finish` leaves out every node that no result needs: a row that takes over the work of its inputs
 * does not have to remove them. A row only takes over what has no value yet.
 */
import type { Fusion } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import { toBlocksOperator } from '../kernels/blocked-values.js';
import { convolutionName } from '../kernels/convolution/forward.js';
import { batchNormName } from '../kernels/normalization.js';
import { maxPoolName } from '../kernels/pooling.js';
import { emitBiasedConvolution, emitScaledConvolution } from './after-convolution.js';
import { emitFoldedBatchNorm } from './folded-batch-norm.js';
import {
  emitGroupedConvolution,
  emitGroupedFilterGradient,
  emitGroupedInputGradient,
  emitInnerGroupedGradient,
} from './grouped-convolution.js';
import { blocksThroughout, emitMaxPoolInBlocks, emitReluInBlocks } from './in-blocks.js';
import { emitInnerInputGradient, emitInnerPoolGradient } from './inner-gradients.js';
import { unpadded } from './padding.js';
import { emitProductSum } from './product-sums.js';
import { emitPoolGradientOfRelu, emitReluGradient } from './relu-gradient.js';
import { emitScaledChannels } from './scaled-channels.js';
import { emitScaledTwice } from './scaled-twice.js';

/** Operations that read images through a window and can pad them with zeros themselves. */
const padding = [
  convolutionName,
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNative',
  'DepthwiseConv2dNativeBackpropFilter',
] as const;

/** The value that a node repeats along axes of size 1, or null where it does something else. */
function repeatedValue({ name, value, inputs, shape }: LazyNode): LazyNode | null {
  const [source] = inputs;
  if (name !== 'Tile' || value !== null || source === undefined) return null;
  return source.shape.every((extent, axis) => extent === 1 || extent === shape[axis]) ? source : null;
}

/** Of several rows for one operation the first that applies is taken. */
export const fusions: readonly Fusion[] = [
  /** conv(pad(x)) with zeros: the padding is the convolution's own, and its filter gradient's. */
  { name: 'zero padding', operations: padding, read: (x, pads) => unpadded(x, 0, pads) },
  /** maxPool(pad(relu(x))) with zeros, which never win: ONNX's pooling pads with nothing. */
  {
    name: 'zero padding after ReLU',
    operations: [maxPoolName],
    read: (x, pads) => {
      const inner = unpadded(x, 0, pads);
      return inner?.x.name === 'Relu' ? inner : null;
    },
  },
  /** maxPool(pad(x)) with -Infinity or the lowest float. */
  { name: 'padding with -Infinity', operations: [maxPoolName], read: (x, pads) => unpadded(x, -Infinity, pads) },
  /** slice(input gradient): only what lies inside the padding is computed. */
  { name: 'inner input gradient', operations: ['Slice'], emit: emitInnerInputGradient },
  /** slice(concat(input gradients of groups)): the same, as one node. */
  { name: 'inner grouped input gradient', operations: ['Slice'], emit: emitInnerGroupedGradient },
  /** slice(max pooling's gradient): the same. */
  { name: 'inner pooling gradient', operations: ['Slice'], emit: emitInnerPoolGradient },
  /** batchNorm(conv(x)) of constant weights and statistics: filter and bias are computed here. */
  { name: 'folded batch norm', operations: [batchNormName], portable: true, emit: emitFoldedBatchNorm },
  /** batchNorm(conv(x)): the graph scales filter and bias, where there are more values than weights. */
  { name: 'scaled convolution', operations: [batchNormName], portable: false, emit: emitScaledConvolution },
  /** conv(x) + one value a channel: the convolution's bias. */
  { name: 'bias of a convolution', operations: ['Add'], emit: emitBiasedConvolution },
  /** x a + b and x a + z with one number a channel: a depthwise convolution. */
  { name: 'scaled channels', operations: ['Add'], portable: false, emit: emitScaledChannels },
  /** relu(conv(x)) in blocks: the convolution's own activation. */
  { name: 'ReLU in blocks', operations: ['Relu'], needs: 'blockedConvolution', emit: emitReluInBlocks },
  /** maxPool(conv(x)) in blocks: pools the blocks. */
  { name: 'max pooling in blocks', operations: [maxPoolName], needs: 'blockedConvolution', emit: emitMaxPoolInBlocks },
  /** Blocks, to NCHW, to blocks: the same blocks, for the next convolution. */
  {
    name: 'blocks throughout',
    operator: toBlocksOperator,
    needs: 'blockedConvolution',
    value: blocksThroughout,
  },
  /** (max pooling's gradient of relu(x)) * step(x): gates the pooled gradient, before it is scattered. */
  { name: 'pooling gradient of ReLU', operations: ['Multiply'], emit: emitPoolGradientOfRelu },
  /** dy * step(x), the gradient of ReLU: one clip and one product. */
  { name: 'gradient of ReLU', operations: ['Multiply'], emit: emitReluGradient },
  /** (x a) b with small a and b: x (a b). */
  { name: 'scaled twice', operations: ['Multiply'], emit: emitScaledTwice },
  /** An element-wise operation on tile(x): on x, because ONNX broadcasts. */
  { name: 'broadcast', operand: repeatedValue },
  /** sum(a b) over all but the channels: without making the product. */
  { name: 'sum of a product', operations: ['Sum', 'Mean'], emit: emitProductSum },
  /** concat(conv(split(x), split(filter))): one convolution in groups. */
  { name: 'grouped convolution', operations: ['Concat'], emit: emitGroupedConvolution },
  /** The same of its input gradient. */
  { name: 'grouped input gradient', operations: ['Concat'], emit: emitGroupedInputGradient },
  /** The same of its filter gradient, from 8 groups on. */
  { name: 'grouped filter gradient', operations: ['Concat'], emit: emitGroupedFilterGradient },
];
