/**
 * Grouped convolutions, which tfjs does not have: networks split the channels of x and of the filter, convolve part by part and
 * concatenate. Here such a concatenation becomes one ONNX Conv with groups again, and the concatenations in its gradients, too.
 */
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import { blockedConvolution, prefersBlocks } from '../kernels/convolution/blocked-convolution.js';
import { convolutionNode, transposedConvolutionNode } from '../kernels/convolution/convolution-node.js';
import { filterGradient } from '../kernels/convolution/filter-gradient.js';
import { type ConvolutionAttributes, convolutionName } from '../kernels/convolution/forward.js';
import { inputGradientName, outputPadding, turnedPads } from '../kernels/convolution/input-gradient.js';
import { rowColumns } from '../kernels/convolution/row-columns.js';
import { productWithTransposed } from '../kernels/transposed-product.js';
import type { Window } from '../kernels/window.js';
import { cutOf, cutWindow } from './cut.js';

const channelAxis = 3;

/**
 * From here on the filter gradients of all groups are one product. It takes 1.0 to 2 times as long as group by group, but onnxruntime takes
 * seconds more to compile hundreds of small gradients: a ResNeXt-50's step has 512.
 */
const manyGroups = 8;

/** The value of which input number `position` of each node is one part, in order, all of one size; null where there is none. */
function splitSource(nodes: readonly LazyNode[], position: number): LazyNode | null {
  const source = nodes[0]?.inputs[position]?.inputs[0];
  const fits = nodes.every((node, i) => {
    const part = node.inputs[position];
    if (part === undefined || part.name !== 'SplitV' || part.value !== null || part.inputs[0] !== source) return false;
    const { axis, sizes, part: index } = part.attributes as { axis: number; sizes: readonly number[]; part: number };
    const equal = sizes.length === nodes.length && sizes.every((size) => size === sizes[0]);
    return axis === channelAxis && index === i && equal;
  });
  return fits && source !== undefined ? source : null;
}

interface Groups {
  readonly window: Window;
  readonly groups: number;
  /** What the first and second inputs of the nodes are parts of. */
  readonly first: LazyNode;
  readonly second: LazyNode;
}

/** The groups that a concatenation of channels puts together, where they are nodes of this operation; null for other nodes. */
function groupsOf(node: LazyNode, name: string): Groups | null {
  const { inputs } = node;
  const [part] = inputs;
  if (part === undefined || part.name !== name || inputs.length < 2 || node.shape.length !== 4) return null;
  if (node.attributes['axis'] !== channelAxis || part.inputs.length !== 2) return null;
  // Equal kinds have equal attributes and shapes.
  if (inputs.some((input) => input.value !== null || input.kind !== part.kind)) return null;
  const [first, second] = [splitSource(inputs, 0), splitSource(inputs, 1)];
  if (first === null || second === null) return null;
  return { window: part.attributes as Window, groups: inputs.length, first, second };
}

/** @returns name in NCHW, of y [batch, height, width, channels] */
function forward(graph: Emission, node: LazyNode, { window, groups, first, second: filter }: Groups): string {
  const { x, pads } = graph.reading(convolutionName, first, window.pads);
  return convolve(graph, [graph.get(x, 'channelsFirst'), graph.get(filter, 'filtersFirst')], node.shape, groups, {
    inputs: x.shape[3] ?? 1,
    window: { ...window, pads },
    inputSize: x.shape.slice(1, 3),
  });
}

/**
 * @param names of x in NCHW and of the filter, [outputs, inputs / groups, height, width]
 * @param shape of the result, NHWC
 */
function convolve(
  graph: Emission,
  names: readonly [string, string],
  [batch = 1, height = 1, width = 1, outputs = 1]: readonly number[],
  groups: number,
  { inputs, window, inputSize }: { inputs: number; window: Window; inputSize: readonly number[] },
): string {
  const inputChannels = inputs / groups;
  const positions = batch * height * width;
  const { block } = graph.options;
  const blocks =
    block > 0 &&
    inputChannels % block === 0 &&
    prefersBlocks(graph, { inputChannels, outputChannels: outputs / groups, positions, groups }, window);
  if (blocks) {
    const filter = { name: names[1], layout: 'filtersFirst', flipped: false } as const;
    const shape = { inputChannels, outputChannels: outputs, positions, groups };
    return blockedConvolution(graph, names[0], filter, null, shape, window);
  }
  return convolutionNode(graph, names, window, { inputChannels, outputChannels: outputs / groups, groups, inputSize });
}

/**
 * At stride 1 a convolution of dy with the filter turned and its channels swapped within each group.
 * @param shape of dx, NHWC
 * @returns name in NCHW
 */
function inputGradient(
  graph: Emission,
  { window, groups, first: dy, second: filter }: Groups,
  shape: readonly number[],
): string {
  const { kernel, strides, dilations } = window;
  const [, height = 1, width = 1, inputs = 1] = shape;
  const outputs = dy.shape[3] ?? 1;
  const [inputsOfGroup, outputsOfGroup] = [inputs / groups, outputs / groups];
  const gradient = graph.get(dy, 'channelsFirst');
  const weights = graph.get(filter, 'filtersFirst');
  const missing = outputPadding(window, [height, width], dy.shape.slice(1, 3));
  const transposedPads = turnedPads(window);
  const unitStride = strides.every((stride) => stride === 1) && missing.every((size) => size === 0);
  if (!unitStride || transposedPads.some((pad) => pad < 0))
    return transposedConvolutionNode(graph, [gradient, weights], window, missing, {
      inputChannels: outputsOfGroup,
      outputChannels: inputsOfGroup,
      groups,
    });
  const area = (kernel[0] ?? 1) * (kernel[1] ?? 1);
  const parts = graph.reshape(weights, [groups, outputsOfGroup, inputsOfGroup, area]);
  let swapped = graph.op('Transpose', [parts], { perm: [0, 2, 1, 3] });
  const backwards = Array.from({ length: area }, (_, i) => area - 1 - i);
  if (area > 1) swapped = graph.op('Gather', [swapped, graph.tensor('int32', backwards)], { axis: 3 });
  const turned = graph.reshape(swapped, [inputs, outputsOfGroup, ...kernel]);
  const turnedWindow = { kernel, strides, dilations, pads: transposedPads };
  return convolve(graph, [gradient, turned], shape, groups, {
    inputs: outputs,
    window: turnedWindow,
    inputSize: dy.shape.slice(1, 3),
  });
}

/**
 * dW of a group is dy of its channels times the columns that the window sees of its channels of x, for all groups in one product.
 * @param shape of dW, [height, width, inputs / groups, outputs]
 * @returns name of dW in OIHW
 */
function filterGradientOfGroups(
  graph: Emission,
  { window, groups, first, second: dy }: Groups,
  [height = 1, width = 1, inputsOfGroup = 1, outputs = 1]: readonly number[],
): string {
  const { x, pads } = graph.reading(filterGradient.name, first, window.pads);
  const [batch = 1, outHeight = 1, outWidth = 1] = dy.shape;
  const positions = outHeight * outWidth;
  const columns = rowColumns(graph, x, { ...window, pads }, [outHeight, outWidth]);
  const product = productWithTransposed(
    graph,
    graph.reshape(graph.get(dy, 'channelsFirst'), [batch * groups, outputs / groups, positions]),
    graph.reshape(columns, [batch * groups, inputsOfGroup * width * height, positions]),
  );
  const products = graph.reshape(product, [batch, outputs, inputsOfGroup * width * height]);
  const sum = graph.op('ReduceSum', [products, graph.ints([0])], { keepdims: 0 });
  const filter = graph.reshape(sum, [outputs, inputsOfGroup, width, height]);
  return graph.op('Transpose', [filter], { perm: [0, 1, 3, 2] });
}

/** The convolution itself. */
export function emitGroupedConvolution(graph: Emission, node: LazyNode): boolean {
  const found = groupsOf(node, convolutionName);
  if (found === null) return false;
  const { bias, activation } = found.window as ConvolutionAttributes;
  if (bias || activation !== 'linear') return false;
  graph.set(node, 'channelsFirst', forward(graph, node, found));
  return true;
}

/** Its gradient with respect to its input. */
export function emitGroupedInputGradient(graph: Emission, node: LazyNode): boolean {
  const found = groupsOf(node, inputGradientName);
  if (found === null) return false;
  graph.set(node, 'channelsFirst', inputGradient(graph, found, node.shape));
  return true;
}

/** Its gradient with respect to its filter, of many groups. */
export function emitGroupedFilterGradient(graph: Emission, node: LazyNode): boolean {
  const found = groupsOf(node, filterGradient.name);
  if (found === null || found.groups < manyGroups) return false;
  graph.set(node, 'filtersFirst', filterGradientOfGroups(graph, found, node.shape));
  return true;
}

/** The slice of its input gradient that lies inside a padding: as of a convolution of one group. */
export function emitInnerGroupedGradient(graph: Emission, node: LazyNode): boolean {
  const [whole] = node.inputs;
  if (whole === undefined || whole.name !== 'Concat' || whole.value !== null) return false;
  const found = groupsOf(whole, inputGradientName);
  const window = found && cutWindow(found.window, whole.shape, cutOf(node));
  if (found === null || window === null) return false;
  graph.set(node, 'channelsFirst', inputGradient(graph, { ...found, window }, node.shape));
  return true;
}
