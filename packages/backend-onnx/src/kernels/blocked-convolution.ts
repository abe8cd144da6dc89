/**
 * onnxruntime's convolution kernels on blocked channels (NCHWc): [n, c / b, h, w, b] with b = 16 or 8 channels side by side, as a
 * vector register holds them. onnxruntime itself only uses them for constant filters; in training filters change, so they are
 * blocked in the graph. Faster where there are many more positions than filters to block.
 */
import type { GraphBuilder } from '../graph/graph-builder.js';
import type { Window } from './convolution-geometry.js';

const domain = 'com.microsoft.nchwc';

/** Below this number of output positions, blocking the filters costs more than it gains. */
const fewestPositions = 1_000;

export interface BlockedShape {
  /** Of one group. */
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Output positions in the whole batch. */
  readonly positions: number;
  /** Default 1. */
  readonly groups?: number;
}

/** Whether a convolution of one group should run blocked. */
export function prefersBlocks(
  graph: GraphBuilder,
  { inputChannels, outputChannels, positions }: BlockedShape,
  { kernel }: Window,
): boolean {
  const { block } = graph.options;
  if (block === 0 || positions < fewestPositions || outputChannels % block !== 0) return false;
  // An image's few channels are read as they are, in NCHW.
  if (inputChannels < block) return kernel.some((size) => size > 1) && outputChannels >= 2 * block;
  return inputChannels % block === 0 && kernel.some((size) => size > 1);
}

/**
 * A convolution of NCHW values by blocked kernels.
 * @param inputs names of x, of the filter, and of the bias if there is one. The filter is [outputChannels, inputChannels, height, width]; with `flipped`, of the filter of which this is
 * the transposed convolution, [inputChannels, outputChannels, height, width], to be turned by half a turn
 */
export function blockedConvolution(
  graph: GraphBuilder,
  [x = '', filter = '', bias]: readonly string[],
  { inputChannels, outputChannels, groups = 1 }: BlockedShape,
  window: Window,
  flipped: boolean,
): string {
  const { block } = graph.options;
  const [height = 1, width = 1] = window.kernel;
  const area = height * width;
  const shape = [outputChannels, inputChannels, height, width];
  let blocked: string;
  let input = x;
  if (inputChannels < block) {
    const parts = graph.reshape(filter, [outputChannels / block, block, inputChannels * area]);
    blocked = graph.op('Transpose', [parts], { perm: [0, 2, 1] });
  } else {
    input = graph.op('ReorderInput', [x], {}, domain);
    if (flipped) {
      // Kernel elements first: onnxruntime is much faster at two such steps than at one.
      const elements = graph.op('Transpose', [graph.reshape(filter, [inputChannels * outputChannels, area])], {
        perm: [1, 0],
      });
      const turned = Array.from({ length: area }, (_, i) => area - 1 - i);
      const backwards = graph.op('Gather', [elements, graph.tensor('int32', turned)], { axis: 0 });
      const parts = [area, inputChannels / block, block, outputChannels / block, block];
      blocked = graph.op('Transpose', [graph.reshape(backwards, parts)], { perm: [3, 1, 0, 2, 4] });
    } else {
      // In two steps, each of which onnxruntime has a fast transposition for.
      const outer = graph.reshape(filter, [outputChannels / block, block, inputChannels * area]);
      const inner = graph.op('Transpose', [outer], { perm: [0, 2, 1] });
      const parts = graph.reshape(inner, [(outputChannels / block) * (inputChannels / block), block, area, block]);
      blocked = graph.op('Transpose', [parts], { perm: [0, 2, 1, 3] });
    }
  }
  const { kernel, strides, dilations, pads } = window;
  const attributes = { kernel_shape: kernel, strides, dilations, pads, ...(groups === 1 ? {} : { group: groups }) };
  const result = graph.op('Conv', [input, graph.reshape(blocked, shape), ...(bias ? [bias] : [])], attributes, domain);
  return graph.op('ReorderOutput', [result], { channels: outputChannels }, domain);
}
