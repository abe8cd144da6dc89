/**
 * ONNX's Conv and ConvTranspose. onnxruntime's WebGPU provider (1.30) gives wrong numbers for some shapes, found by comparing it
 * with the processor on random ones; where that matters (`everyConvolution`), they are written in another way:
 *
 * - Conv, one group, input channels that are a multiple of 3 and not of 4, more than 3, to a multiple of 4: channels of zeros are added
 * - Conv of a 1x1 kernel, or one of the size of the input, with padding, which it forgets: the padding is a node of its own
 * - Conv in groups of more than 4 output channels that are no multiple of 4: each group is a node
 * - ConvTranspose in groups of several input channels and one output channel: a sum of products channel by channel
 */
import { at } from '../../graph/at.js';
import type { Emission } from '../../graph/emission.js';
import type { AttributeValue } from '../../graph/onnx-model.js';
import { sizeOf } from '../../graph/shape.js';
import { type Window, windowAttributes } from '../window.js';

interface Channels {
  /** Of one group. */
  readonly inputChannels: number;
  /** Of one group. */
  readonly outputChannels: number;
  readonly groups: number;
  /** Height and width of the input. */
  readonly inputSize: readonly number[];
}

/** Zeros around axes of a value of rank 4; what comes before and after each axis. */
function zeros(graph: Emission, x: string, pads: readonly number[]): string {
  return pads.every((size) => size === 0) ? x : graph.op('Pad', [x, graph.ints(pads)]);
}

/** NCHW images with zeros around them; `pads` as top, left, bottom, right. */
export function padInput(graph: Emission, x: string, [top = 0, left = 0, bottom = 0, right = 0]: readonly number[]) {
  return zeros(graph, x, [0, 0, top, left, 0, 0, bottom, right]);
}

function channelsOf(graph: Emission, x: string, axis: number, start: number, end: number, step: number): string {
  return graph.op('Slice', [x, graph.ints([start]), graph.ints([end]), graph.ints([axis]), graph.ints([step])]);
}

function groupAttribute(groups: number): Record<string, AttributeValue> {
  return groups === 1 ? {} : { group: groups };
}

/**
 * A convolution of NCHW values.
 * @param inputs names of x, of the filter [outputs, inputs of one group, height, width], and of the bias if there is one
 * @returns the result's name
 */
export function convolutionNode(
  graph: Emission,
  inputs: readonly string[],
  window: Window,
  channels: Channels,
): string {
  const { inputChannels, outputChannels, groups, inputSize } = channels;
  const conv = (names: readonly string[], by: Window, count: number) =>
    graph.op('Conv', names, { ...windowAttributes(by), ...groupAttribute(count) });
  if (graph.can('everyConvolution')) return conv(inputs, window, groups);
  const [x, filter, bias] = inputs as [string, string, string?];
  const rest = bias === undefined ? [] : [bias];
  const [top = 0, left = 0, bottom = 0, right = 0] = window.pads;
  const { kernel } = window;
  const single = sizeOf(kernel) === 1 || kernel.every((size, axis) => size === inputSize[axis]);
  if (single && window.pads.some((size) => size !== 0)) {
    const [height = 1, width = 1] = inputSize;
    return convolutionNode(
      graph,
      [padInput(graph, x, window.pads), filter, ...rest],
      { ...window, pads: [0, 0, 0, 0] },
      { ...channels, inputSize: [top + height + bottom, left + width + right] },
    );
  }
  if (groups === 1) {
    const odd = inputChannels > 3 && inputChannels % 3 === 0 && inputChannels % 4 !== 0 && outputChannels % 4 === 0;
    if (!odd) return conv(inputs, window, 1);
    const pads = [0, 0, 0, 0, 0, 4 - (inputChannels % 4), 0, 0];
    return conv([zeros(graph, x, pads), zeros(graph, filter, pads), ...rest], window, 1);
  }
  if (outputChannels <= 4 || outputChannels % 4 === 0) return conv(inputs, window, groups);
  const split = (name: string, axis: number, size: number) =>
    graph.split(name, new Array<number>(groups).fill(size), axis);
  const [parts, filters] = [split(x, 1, inputChannels), split(filter, 0, outputChannels)];
  const biases = bias === undefined ? [] : split(bias, 0, outputChannels);
  const results = parts.map((part, i) => {
    const vector = biases[i];
    const names = [part, at(filters, i), ...(vector === undefined ? [] : [vector])];
    return convolutionNode(graph, names, window, { ...channels, groups: 1 });
  });
  return graph.op('Concat', results, { axis: 1 });
}

/**
 * A transposed convolution of NCHW values.
 * @param inputs names of x and of the filter [inputs, outputs of one group, height, width]
 * @param outputPadding rows and columns after what the windows reach
 * @returns the result's name
 */
export function transposedConvolutionNode(
  graph: Emission,
  [x, filter]: readonly [string, string],
  { kernel, strides, dilations, pads }: Window,
  outputPadding: readonly number[],
  { inputChannels, outputChannels, groups }: Omit<Channels, 'inputSize'>,
): string {
  const attributes = { kernel_shape: kernel, strides, dilations, pads, output_padding: outputPadding };
  const transpose = (names: readonly string[]) =>
    graph.op('ConvTranspose', names, { ...attributes, ...groupAttribute(groups) });
  if (graph.can('everyConvolution') || groups === 1 || outputChannels > 1 || inputChannels === 1)
    return transpose([x, filter]);
  const end = groups * inputChannels;
  const terms = Array.from({ length: inputChannels }, (_, i) =>
    transpose([channelsOf(graph, x, 1, i, end, inputChannels), channelsOf(graph, filter, 0, i, end, inputChannels)]),
  );
  return terms.reduce((sum, term) => graph.op('Add', [sum, term]));
}
