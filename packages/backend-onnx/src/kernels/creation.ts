/** Kernels that make tensors from attributes. Their values are written at once: there is nothing to compute later. */

import type { DataType } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../graph/shape.js';
import type { OnnxBackend } from '../tfjs/backend.js';
import { type Kernel, type KernelTable, required } from '../tfjs/kernel.js';
import { elementwise } from './elementwise.js';

function filled(backend: OnnxBackend, shape: readonly number[], value: number, dtype: DataType) {
  const size = sizeOf(shape);
  const data =
    dtype === 'float32' ? new Float32Array(size) : dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
  return backend.makeTensor(value === 0 ? data : data.fill(value), shape, dtype);
}

const fill = elementwise<{ value: number }>('Fill', (graph, _, { value }, { shape, dtype }) => {
  const type = dtype === 'float32' || dtype === 'int32' ? dtype : 'bool';
  return graph.op('Expand', [graph.scalar(type, value), graph.ints(shape)]);
});

/**
 * zerosLike and onesLike. Of a tensor that is there, such as a variable whose optimizer state starts at zero, they are values at
 * once, so that the first step's graph is every step's graph.
 */
function filledLike(value: number): Kernel {
  return (backend, inputs) => {
    const x = required(inputs, 'x');
    return backend.hasValue(x)
      ? filled(backend, x.shape, value, x.dtype)
      : backend.record(fill, [], x.shape, x.dtype, { value });
  };
}

/** start, start + step, … before stop, each the one before it plus a step in the numbers of the type, as in tfjs. */
const range: Kernel = (backend, _, attributes) => {
  const { start, stop, step, dtype } = attributes as {
    start: number;
    stop: number;
    step: number;
    dtype: 'float32' | 'int32';
  };
  // tf.range counts down by itself where the step is left at 1.
  const by = stop < start && step === 1 ? -1 : step;
  const size = start === stop || stop > start !== by > 0 ? 0 : Math.abs(Math.ceil((stop - start) / by));
  const data = dtype === 'int32' ? new Int32Array(size) : new Float32Array(size);
  for (let i = 0; i < size; i++) data[i] = i === 0 ? start : (data[i - 1] ?? 0) + by;
  return backend.makeTensor(data, [size], dtype);
};

export const creationKernels: KernelTable = {
  Fill: (backend, _, attributes) => {
    const { shape, value, dtype } = attributes as { shape: number[]; value: number | string; dtype?: DataType };
    const type = dtype ?? tf.util.inferDtype(value);
    return typeof value === 'string' || !['float32', 'int32', 'bool'].includes(type)
      ? null
      : filled(backend, shape, Number(value), type);
  },
  Range: range,
  ZerosLike: filledLike(0),
  OnesLike: filledLike(1),
};
