/** What the windows of a convolution see, in NCHW, where a row's pixels lie side by side: in two steps, along the width and along the height. */
import type { Emission } from '../../graph/emission.js';
import type { LazyNode } from '../../graph/node.js';
import type { Window } from '../window.js';
import { shiftedCopies } from './shifted-copies.js';

/**
 * @param output height and width of what comes out
 * @returns the name of [batch, channels * kernel width * kernel height, output positions], in this order of its rows
 */
export function rowColumns(
  graph: Emission,
  x: LazyNode,
  { kernel, strides, dilations, pads }: Window,
  output: readonly [number, number],
): string {
  const [kernelHeight = 1, kernelWidth = 1] = kernel;
  const [strideHeight = 1, strideWidth = 1] = strides;
  const [dilationHeight = 1, dilationWidth = 1] = dilations;
  const [top = 0, , bottom = 0] = pads;
  const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
  const wide = shiftedCopies(graph, graph.get(x, 'channelsFirst'), [batch, channels, height, width], {
    axis: 'width',
    count: kernelWidth,
    stride: strideWidth,
    dilation: dilationWidth,
    pads,
  });
  const lines: number[] = [];
  for (let i = 0; i < kernelHeight; i++)
    for (let line = 0; line < output[0]; line++) lines.push(i * dilationHeight + line * strideHeight);
  const rows = graph.reshape(wide, [batch * channels * kernelWidth, top + height + bottom, output[1]]);
  const gathered = graph.op('Gather', [rows, graph.tensor('int32', lines)], { axis: 1 });
  return graph.reshape(gathered, [batch, channels * kernelWidth * kernelHeight, output[0] * output[1]]);
}
