/** Tensors that PyTorch stores as several: quantized and sparse ones. And those without values. */
import { type Dtype, dtypes, elementCount, type TypedArray } from '../../state-dict/dtype.js';
import type { StateTensor } from '../../state-dict/state-dict.js';
import { countTensor } from '../stored-tensor.js';
import { PickleGlobal } from './pickle.js';
import { isCounts, readTensor, type Storages, TorchTensor, torchDtype } from './torch-tensor.js';

/** Integers that stand for (integer - zero point) * scale, with one scale or one for each index along `axis`. */
export class QuantizedTensor {
  constructor(
    readonly codes: TorchTensor,
    readonly scale: number | TorchTensor,
    readonly zeroPoint: number | TorchTensor,
    readonly axis: number,
  ) {}
}

/** Values and their places. Compressed: the places of one axis are given by how many lie before each index of it. */
export class SparseTensor {
  constructor(
    readonly layout: 'coo' | 'csr' | 'csc',
    readonly places: readonly TorchTensor[],
    readonly values: TorchTensor,
    readonly shape: readonly number[],
  ) {}
}

/** A tensor of the device `meta`: a shape without values. */
export class MetaTensor {
  constructor(
    readonly dtype: Dtype,
    readonly shape: readonly number[],
  ) {}
}

export type TorchValue = TorchTensor | QuantizedTensor | SparseTensor | MetaTensor;

export function isTorchValue(value: unknown): value is TorchValue {
  return (
    value instanceof TorchTensor ||
    value instanceof QuantizedTensor ||
    value instanceof SparseTensor ||
    value instanceof MetaTensor
  );
}

/** @param codes what its storage holds @param quantizer (scheme, scale, zero point) or (scheme, scales, zero points, axis) */
export function rebuildQuantized(codes: TorchTensor, quantizer: unknown): QuantizedTensor {
  const [scheme, scale, zeroPoint, axis = 0] = Array.isArray(quantizer) ? quantizer : [];
  const name = scheme instanceof PickleGlobal ? scheme.name : '';
  const perTensor = name === 'torch per_tensor_affine' && typeof scale === 'number' && typeof zeroPoint === 'number';
  const perChannel =
    /^torch per_channel_affine(_float_qparams)?$/.test(name) &&
    scale instanceof TorchTensor &&
    zeroPoint instanceof TorchTensor &&
    isCounts([axis]) &&
    axis < codes.shape.length &&
    [scale, zeroPoint].every(({ shape }) => shape.length === 1 && shape[0] === codes.shape[axis]);
  if (!perTensor && !perChannel) throw new TypeError('pickle: a tensor quantized in an unknown way');
  return new QuantizedTensor(codes, scale, zeroPoint, Number(axis));
}

/** @param parts (indices, values, shape, …) or (compressed places, plain places, values, shape) */
export function rebuildSparse(layout: unknown, parts: unknown): SparseTensor {
  const list: unknown[] = Array.isArray(parts) ? parts : [];
  if (layout === 'torch.sparse_coo') {
    const [indices, values, shape] = list;
    if (
      indices instanceof TorchTensor &&
      values instanceof TorchTensor &&
      isCounts(shape) &&
      indices.shape.length === 2 &&
      indices.shape[1] === values.shape[0] &&
      `${values.shape.slice(1)}` === `${shape.slice(indices.shape[0])}`
    )
      return new SparseTensor('coo', [indices], values, shape);
  } else if (layout === 'torch.sparse_csr' || layout === 'torch.sparse_csc') {
    const [compressed, plain, values, shape] = list;
    const axis = layout === 'torch.sparse_csr' ? 0 : 1;
    if (
      compressed instanceof TorchTensor &&
      plain instanceof TorchTensor &&
      values instanceof TorchTensor &&
      isCounts(shape) &&
      shape.length === 2 &&
      values.shape.length === 1 &&
      `${plain.shape}` === `${values.shape}` &&
      `${compressed.shape}` === `${(shape[axis] ?? 0) + 1}`
    )
      return new SparseTensor(axis === 0 ? 'csr' : 'csc', [compressed, plain], values, shape);
  }
  throw new TypeError(`pickle: a sparse tensor of a layout or shape that is not supported`);
}

export function rebuildMeta(type: unknown, shape: unknown): MetaTensor {
  if (!isCounts(shape)) throw new RangeError('pickle: a tensor without values whose shape is none');
  elementCount(shape, 'pickle: a tensor without values');
  return new MetaTensor(torchDtype(type), shape);
}

/** Any of these tensors as a state dict has it: quantized ones as the float32 they stand for, sparse ones with their zeros. */
export async function readTorchValue(name: string, value: TorchValue, file: Storages): Promise<StateTensor> {
  if (value instanceof TorchTensor) return readTensor(name, value, file);
  if (value instanceof QuantizedTensor) return readQuantized(name, value, file);
  if (value instanceof SparseTensor) return readSparse(name, value, file);
  const { shape, dtype } = value;
  return {
    shape,
    dtype: dtypes[dtype].widened,
    get data(): TypedArray {
      throw new TypeError(`${name} has a shape and no values: it was saved from the device 'meta'`);
    },
  };
}

async function readQuantized(
  name: string,
  { codes, scale, zeroPoint, axis }: QuantizedTensor,
  file: Storages,
): Promise<StateTensor> {
  const { shape } = codes;
  countTensor({ name, dtype: 'F32', shape }, file.budget);
  const stored = await readTensor(name, codes, file);
  const list = async (part: number | TorchTensor) =>
    typeof part === 'number' ? [Math.fround(part)] : Array.from((await readTensor(name, part, file)).data, Number);
  const scales = await list(scale);
  const zeroPoints = await list(zeroPoint);
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  return {
    shape,
    dtype: 'F32',
    get data() {
      return Float32Array.from(stored.data as ArrayLike<number>, (code, i) => {
        const at = scales.length === 1 ? 0 : Math.floor(i / inner) % scales.length;
        return (code - (zeroPoints[at] ?? 0)) * (scales[at] ?? 0);
      });
    },
  };
}

async function readSparse(
  name: string,
  { layout, places, values, shape }: SparseTensor,
  file: Storages,
): Promise<StateTensor> {
  const count = countTensor({ name, dtype: values.dtype, shape }, file.budget);
  const stored = await readTensor(name, values, file);
  const indices = [];
  for (const place of places) indices.push(Array.from((await readTensor(name, place, file)).data, Number));
  const [first = [], second = []] = indices;
  const nonZero = values.shape[0] ?? 0;
  const places0 = layout === 'coo' ? [] : expanded(name, first, nonZero);
  const axes = layout === 'coo' ? (places[0]?.shape[0] ?? 0) : 2;
  const at = (axis: number, i: number): number => {
    if (layout === 'coo') return first[axis * nonZero + i] ?? -1;
    return ((layout === 'csr') === (axis === 0) ? places0[i] : second[i]) ?? -1;
  };
  const inner = values.shape.slice(1).reduce((product, size) => product * size, 1);
  const starts = Array.from({ length: nonZero }, (_, i) => {
    let start = 0;
    for (let axis = 0; axis < axes; axis++) {
      const index = at(axis, i);
      const size = shape[axis] ?? 0;
      if (!(index >= 0 && index < size)) throw new RangeError(`${name}: a value at ${index} of an axis of ${size}`);
      start = start * size + index;
    }
    return start * inner;
  });
  return {
    shape,
    dtype: stored.dtype,
    get data() {
      const { data } = stored;
      const parts = stored.dtype.startsWith('C') ? 2 : 1;
      const Type = data.constructor as new (length: number) => TypedArray;
      const dense = new Type(count * parts);
      for (const [i, start] of starts.entries())
        for (let j = 0; j < inner * parts; j++) {
          const to = start * parts + j;
          // The same place twice means the sum.
          dense[to] = ((dense[to] as number) + (data[i * inner * parts + j] as number)) as never;
        }
      return dense;
    },
  };
}

/** [0, 2, 3]: places 0 and 1 have index 0, place 2 has index 1. */
function expanded(name: string, compressed: readonly number[], count: number): number[] {
  const indices: number[] = [];
  for (let index = 0; index + 1 < compressed.length; index++) {
    const [begin = 0, end = 0] = compressed.slice(index, index + 2);
    if (begin !== indices.length || !(end >= begin && end <= count))
      throw new RangeError(`${name}: a sparse tensor whose counts do not rise`);
    for (let i = begin; i < end; i++) indices.push(index);
  }
  return indices;
}
