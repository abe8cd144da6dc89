/**
 * The gradient of a filter as a convolution: images are its channels, the channels of x are its images, and dy is its filter, of the size of the
 * output. onnxruntime's kernels on blocks of channels do that well while what they read of dy stays in the caches.
 *
 * Of whole blocks of images the channels of x lie side by side in the width instead, and the filter's elements have that many pixels between them:
 *
 *   row h of images (w, c), element (i, w') of dy  ->  position (kernel row, kernel column, c)
 *
 * so that one row of results has kernel width * channels positions, enough for the kernels to do several at a time. Each block of images is a
 * group of its own, and the groups' results are summed, unless they are larger than dy: then there is one group, which sums over all images.
 */
import { blockedDomain, fromBlocks, toBlocks } from '../blocked-values.js';
import type { FilterGradientContext } from './filter-gradient-sizes.js';

function hasWholeBlocks({ graph, sizes: { batch } }: FilterGradientContext): boolean {
  return batch % graph.options.block === 0;
}

export function isConvolution(context: FilterGradientContext): boolean {
  const { graph, window, sizes } = context;
  const { block } = graph.options;
  if (block === 0 || sizes.outputChannels % block !== 0) return false;
  return sizes.batch < block || (hasWholeBlocks(context) && window.dilations[1] === 1);
}

/** Positions of dy of which a block stays in a cache of its core. */
const cachedPositions = 1024;
/** The same where the images are no blocks and each element of dy is read more often. */
const fewPositions = 200;
/** Channels of x, then, below which another form is faster. */
const fewChannels = 16;

/** Whether a rule on the shapes says that this form is the fastest. */
export function prefersConvolution(context: FilterGradientContext): boolean {
  if (!isConvolution(context)) return false;
  const { positions, inputChannels } = context.sizes;
  return hasWholeBlocks(context)
    ? positions <= cachedPositions
    : positions <= fewPositions && inputChannels >= fewChannels;
}

/** @returns the name of dW as [outputChannels, inputChannels, height, width] */
export function convolutionFilterGradient(context: FilterGradientContext): string {
  return hasWholeBlocks(context) ? channelsSideBySide(context) : channelsAsImages(context);
}

/** What x has to be padded by so that exactly the kernel's height and width come out; negative where it is cut. */
function padsToKernel({ x, window, sizes: { kernel, output } }: FilterGradientContext) {
  const [, height = 1, width = 1] = x.shape;
  const [top = 0, left = 0] = window.pads;
  const [strideHeight = 1, strideWidth = 1] = window.strides;
  const [dilationHeight = 1, dilationWidth = 1] = window.dilations;
  const bottom = (output[0] - 1) * strideHeight + (kernel[0] - 1) * dilationHeight + 1 - height - top;
  const right = (output[1] - 1) * strideWidth + (kernel[1] - 1) * dilationWidth + 1 - width - left;
  return { top, left, bottom, right };
}

/** x as images of `batch` channels in NCHW, and dy as the blocked filter. */
function channelsAsImages(context: FilterGradientContext): string {
  const { graph, x, dy, window, sizes } = context;
  const { batch, outputChannels, output, positions } = sizes;
  const { block } = graph.options;
  const { top, left, bottom, right } = padsToKernel(context);
  const swapped = graph.op('Transpose', [graph.get(x, 'channelsFirst')], { perm: [1, 0, 2, 3] });
  const padded = graph.op('Pad', [swapped, graph.ints([0, 0, top, left, 0, 0, bottom, right])]);
  // The input's gradient reads the same blocks.
  const blocks = toBlocks(graph, graph.get(dy, 'channelsFirst'));
  const parts = [batch, outputChannels / block, positions * block];
  const gradients = graph.op('Transpose', [graph.reshape(blocks, parts)], { perm: [1, 0, 2] });
  const attributes = { kernel_shape: output, strides: window.dilations, dilations: window.strides, pads: [0, 0, 0, 0] };
  const inputs = [padded, graph.reshape(gradients, [outputChannels, batch, ...output])];
  const result = fromBlocks(graph, graph.op('Conv', inputs, attributes, blockedDomain), outputChannels);
  return graph.op('Transpose', [result], { perm: [1, 0, 2, 3] });
}

/**
 * x as [groups, height, width, inputChannels, block], with images as the last axis. onnxruntime's operator that makes blocks of channels moves
 * elements several times as fast as its transpositions; where x is in blocks for a convolution already, that is one step less.
 */
function imagesLast({ graph, x, sizes: { batch, inputChannels } }: FilterGradientContext): string {
  const { block } = graph.options;
  const groups = batch / block;
  const [, height = 1, width = 1] = x.shape;
  const pixels = height * width;
  const inBlocks = (name: string) => toBlocks(graph, graph.reshape(name, [1, batch, pixels * inputChannels, 1]));
  if (graph.layoutOf(x) === 'plain') return inBlocks(graph.get(x, 'plain'));
  const channelsFirst = graph.get(x, 'channelsFirst');
  const isBlocked = inputChannels % block === 0;
  const images = inBlocks(isBlocked ? toBlocks(graph, channelsFirst) : channelsFirst);
  const [outer, inner] = isBlocked ? [inputChannels / block, block * block] : [inputChannels, block];
  if (outer === 1) return images;
  return graph.op('Transpose', [graph.reshape(images, [groups, outer, pixels, inner])], { perm: [0, 2, 1, 3] });
}

/**
 * Groups of images whose results are summed. 32 images of 512 channels at 7x7 take 18.1 ms in one group and 22.3 in two, 128 of 256 at 8x8 23.2 and 23.9 in
 * eight (two AVX-512 cores of an EPYC, 2026-11-27).
 */
function groupsOf({ graph, sizes }: FilterGradientContext): number {
  const { batch, inputChannels, kernel, positions } = sizes;
  const { block } = graph.options;
  return kernel[0] * kernel[1] * inputChannels > block * positions ? 1 : batch / block;
}

/** dy as the blocked filters of all groups: [groups, outputChannels / block, blocks of a group, positions, block images, block channels] */
function gradientFilters(context: FilterGradientContext): string {
  const { graph, dy, sizes } = context;
  const { batch, outputChannels, positions } = sizes;
  const { block } = graph.options;
  const gradients = graph.reshape(graph.get(dy, 'channelsFirst'), [1, batch, outputChannels * positions, 1]);
  const images = graph.reshape(toBlocks(graph, gradients), [batch / block, outputChannels, positions * block, 1]);
  const filters = toBlocks(graph, images);
  if (groupsOf(context) === batch / block) return filters;
  const parts = [batch / block, outputChannels / block, positions * block * block];
  return graph.op('Transpose', [graph.reshape(filters, parts)], { perm: [1, 0, 2] });
}

function channelsSideBySide(context: FilterGradientContext): string {
  const { graph, x, window, sizes } = context;
  const { batch, inputChannels, outputChannels, kernel, output } = sizes;
  const { block } = graph.options;
  const groups = groupsOf(context);
  const [, height = 1, width = 1] = x.shape;
  const { top, left, bottom, right } = padsToKernel(context);
  const pixel = inputChannels * block;
  const rows = graph.reshape(imagesLast(context), [batch / block, height, width * pixel]);
  const padded = [top, left, bottom, right].every((size) => size === 0)
    ? rows
    : graph.op('Pad', [rows, graph.ints([0, top, left * pixel, 0, bottom, right * pixel])]);
  const columns = (left + width + right) * inputChannels;
  const [strideHeight = 1, strideWidth = 1] = window.strides;
  const result = graph.op(
    'Conv',
    [
      graph.reshape(padded, [1, batch, top + height + bottom, columns]),
      graph.reshape(gradientFilters(context), [groups * outputChannels, batch / groups, ...output]),
    ],
    {
      kernel_shape: output,
      strides: [window.dilations[0] ?? 1, 1],
      dilations: [strideHeight, strideWidth * inputChannels],
      pads: [0, 0, 0, 0],
      ...(groups === 1 ? {} : { group: groups }),
    },
    blockedDomain,
  );
  const area = kernel[0] * kernel[1];
  const parts = graph.reshape(result, [groups, outputChannels / block, area * inputChannels, block]);
  const sum = graph.op('ReduceSum', [parts, graph.ints([0])], { keepdims: 0 });
  // In two steps, each of which onnxruntime has a fast transposition for.
  const channels = graph.reshape(graph.op('Transpose', [sum], { perm: [0, 2, 1] }), [
    outputChannels,
    area,
    inputChannels,
  ]);
  return graph.reshape(graph.op('Transpose', [channels], { perm: [0, 2, 1] }), [
    outputChannels,
    inputChannels,
    ...kernel,
  ]);
}
