import { faultOf, type Rule } from '@cnnzoo/checks';
import type { Dtype, TypedArray } from './dtype.js';

/** One named tensor of a state dict. */
export interface StateTensor {
  /** Sizes of the axes, outermost first; `[]` for a scalar. In PyTorch's layout: convolution OIHW, linear [out, in]. */
  readonly shape: readonly number[];
  /** What `data` holds. F16, BF16 and the 8-bit floats are widened on reading, so they arrive as 'F32'. */
  readonly dtype: Dtype;
  /**
   * The values in C order. A tensor that was read from a path is read from the file at each access and is not kept, so that
   * a large file never sits in memory as a whole: hold the result in a variable if you use it twice.
   */
  readonly data: TypedArray;
  /**
   * The values `begin` (inclusive) to `end` (exclusive) in C order, without reading the rest. Only tensors that are backed by
   * a file have it.
   */
  readonly slice?: (begin: number, end: number) => TypedArray;
  /**
   * Absent: PyTorch's layout. 'keras': Keras's, as read from its files (convolution HWIO, dense [in, out], features flattened
   * in HWC order). `loadStateDict` takes both.
   */
  readonly layout?: 'keras';
}

/** Tensors by name, as PyTorch's `state_dict()`: a layer's path, a dot and a role such as `weight` or `running_mean`. */
export type StateDict = Map<string, StateTensor>;

const expected = 'a state dict: a Map of names to { shape, dtype, data }';

export const stateDictRule: Rule<StateDict> = {
  expected,
  fault(name, value) {
    if (!(value instanceof Map)) return faultOf(TypeError, name, expected, value);
    for (const [key, tensor] of value) {
      // Not its data, which may be read from a file.
      if (typeof key !== 'string' || !Array.isArray(tensor?.shape) || typeof tensor.dtype !== 'string')
        return faultOf(TypeError, `${name}.get('${String(key).slice(0, 200)}')`, '{ shape, dtype, data }', tensor);
    }
    return null;
  },
};
