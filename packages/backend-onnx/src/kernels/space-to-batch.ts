/** Blocks of pixels to pictures or channels and back: a padding or a crop around a transposition. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { OnnxBackend } from '../tfjs/backend.js';
import { type KernelTable, required } from '../tfjs/kernel.js';
import { pad, slice, through, transpose } from './arrays.js';

/** Reshapes, transposes and reshapes. */
function permuteBlocks(
  backend: OnnxBackend,
  x: TensorInfo,
  blocks: number[],
  perm: readonly number[],
  shape: number[],
): TensorInfo {
  return through(backend, backend.reshaped(x, blocks), (blocked) => {
    const permuted = perm.map((axis) => blocks[axis] ?? 1);
    return through(backend, backend.record(transpose, [blocked], permuted, x.dtype, { perm }), (moved) =>
      backend.reshaped(moved, shape),
    );
  });
}

const { getPermuted, getReshaped, getReshapedPermuted, getSliceBeginCoords, getSliceSize } = tf.backend_util;

export const spaceToBatchKernels: KernelTable = {
  SpaceToBatchND: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const { blockShape, paddings } = attributes as unknown as { blockShape: number[]; paddings: number[][] };
    if (x.shape.includes(0)) return null;
    const sizeOfBlock = tf.util.sizeFromShape(blockShape);
    const before = x.shape.map((_, axis) => paddings[axis - 1]?.[0] ?? 0);
    const after = x.shape.map((_, axis) => paddings[axis - 1]?.[1] ?? 0);
    const shape = x.shape.map((extent, axis) => extent + (before[axis] ?? 0) + (after[axis] ?? 0));
    const padded = backend.record(pad, [x], shape, x.dtype, { before, after, value: 0 });
    return through(backend, padded, () => {
      const blocks = getReshaped(shape, blockShape, sizeOfBlock, false);
      const perm = getPermuted(blocks.length, blockShape.length, false);
      return permuteBlocks(backend, padded, blocks, perm, getReshapedPermuted(shape, blockShape, sizeOfBlock, false));
    });
  },
  BatchToSpaceND: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const { blockShape, crops } = attributes as unknown as { blockShape: number[]; crops: number[][] };
    if (x.shape.includes(0)) return null;
    const sizeOfBlock = tf.util.sizeFromShape(blockShape);
    const blocks = getReshaped(x.shape, blockShape, sizeOfBlock);
    const perm = getPermuted(blocks.length, blockShape.length);
    const shape = getReshapedPermuted(x.shape, blockShape, sizeOfBlock);
    const [starts, sizes] = [
      getSliceBeginCoords(crops, blockShape.length),
      getSliceSize(shape, crops, blockShape.length),
    ];
    const begin = shape.map((_, axis) => starts[axis] ?? 0);
    const size = shape.map((extent, axis) => sizes[axis] ?? extent);
    return through(backend, permuteBlocks(backend, x, blocks, perm, shape), (whole) =>
      backend.record(slice, [whole], size, x.dtype, { begin }),
    );
  },
  DepthToSpace: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const { blockSize, dataFormat } = attributes as { blockSize: number; dataFormat: string };
    const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
    if (dataFormat !== 'NHWC' || x.shape.includes(0)) return null;
    const depth = channels / blockSize ** 2;
    return permuteBlocks(
      backend,
      x,
      [batch, height, width, blockSize, blockSize, depth],
      [0, 1, 3, 2, 4, 5],
      [batch, height * blockSize, width * blockSize, depth],
    );
  },
};
