/** Tensors as PyTorch pickles them: views into storages, with an offset and strides in elements. */
import type { Budget, OpenSource } from '@cnnzoo/files';
import { type Dtype, dtypes, elementCount, type TypedArray } from '../../state-dict/dtype.js';
import type { StateTensor } from '../../state-dict/state-dict.js';
import { countTensor, storedTensor } from '../stored-tensor.js';
import { PickleGlobal, shown } from './pickle.js';

/** A storage that a pickle refers to. */
export class TorchStorage {
  constructor(
    /** Its name within the file. */
    readonly key: string,
    /** null: bytes; the tensor says what they are. */
    readonly dtype: Dtype | null,
    /** How many elements it has, from its start. */
    readonly length: number,
    /** Where a view of an old file starts in the storage of that key, in elements. */
    readonly viewOffset = 0,
  ) {}
}

/** A tensor that a pickle describes. */
export class TorchTensor {
  constructor(
    readonly storage: TorchStorage,
    readonly dtype: Dtype,
    /** In elements from the start of the storage. */
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    /** Its values are the storage's with the opposite sign: a view that PyTorch makes without touching the storage. */
    readonly negated = false,
    /** Its values are the storage's complex conjugates, likewise. */
    readonly conjugated = false,
  ) {}
}

/** torch.FloatStorage and so on: the class names of storages, and torch's dtype objects. */
const storageDtypes: Readonly<Record<string, Dtype | null>> = {
  FloatStorage: 'F32',
  DoubleStorage: 'F64',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  ComplexFloatStorage: 'C64',
  ComplexDoubleStorage: 'C128',
  QInt8Storage: 'I8',
  QUInt8Storage: 'U8',
  QInt32Storage: 'I32',
  UntypedStorage: null,
};
const torchDtypes: Readonly<Record<string, Dtype>> = {
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
  complex64: 'C64',
  complex128: 'C128',
  float8_e5m2: 'F8_E5M2',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
  float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e8m0fnu: 'F8_E8M0',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64',
};

/** PyTorch's own limit on the number of axes. */
const mostAxes = 64;

/** The dtype of a storage's class such as torch.FloatStorage. */
export function storageDtype(type: unknown): Dtype | null {
  const name = globalName(type);
  if (!Object.hasOwn(storageDtypes, name)) throw new TypeError(`pickle: a storage of the unknown type ${shown(name)}`);
  return storageDtypes[name] ?? null;
}

/** The dtype that an object such as torch.float32 says. */
export function torchDtype(type: unknown): Dtype {
  const name = globalName(type);
  const dtype = Object.hasOwn(torchDtypes, name) ? torchDtypes[name] : undefined;
  if (dtype === undefined) throw new TypeError(`pickle: a tensor of the unknown dtype ${shown(name)}`);
  return dtype;
}

function globalName(type: unknown): string {
  return type instanceof PickleGlobal ? (type.name.split(' ')[1] ?? '') : '';
}

/** What torch._utils._rebuild_tensor and its newer forms make. @param type only where the storage does not say it */
export function rebuildTensor(
  storage: unknown,
  offset: unknown,
  shape: unknown,
  strides: unknown,
  metadata: unknown = null,
  type: unknown = null,
): TorchTensor {
  if (!(storage instanceof TorchStorage))
    throw new TypeError(
      `pickle: a tensor whose storage is ${shown(storage)}: a file of Python's pickle? Save it with torch.save`,
    );
  if (!isCounts(shape) || !isCounts(strides) || shape.length !== strides.length || !isCounts([offset]))
    throw new RangeError(
      `pickle: a tensor of shape ${text(shape)}, strides ${text(strides)} and offset ${text(offset)}: expected integers of 0 or more`,
    );
  const dtype = type === null ? storage.dtype : torchDtype(type);
  if (dtype === null) throw new TypeError('pickle: a tensor of an unknown dtype');
  const { length } = storage;
  const elements = storage.dtype === null ? Math.floor((length * 8) / dtypes[dtype].bits) : length;
  const count = elementCount(shape, 'pickle: a tensor');
  const span = count === 0 ? 0 : 1 + shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 0);
  if (!(Number(offset) + span <= elements))
    throw new RangeError(
      `pickle: a tensor of shape ${text(shape)}, strides ${text(strides)} and offset ${text(offset)} reaches over its storage of ${elements} elements`,
    );
  // Strides of 0 repeat elements without end; only small ones are plausible in a file of weights.
  if (count > Math.max(elements, 2 ** 20))
    throw new RangeError(`pickle: a tensor of ${count} elements repeats a storage of ${elements}`);
  const flag = (name: string) => metadata instanceof Map && metadata.get(name) === true;
  return new TorchTensor(storage, dtype, Number(offset), shape, strides, flag('neg'), flag('conj'));
}

export function isCounts(values: unknown): values is number[] {
  return (
    Array.isArray(values) &&
    values.length <= mostAxes &&
    values.every((value) => Number.isSafeInteger(value) && value >= 0)
  );
}

function text(value: unknown): string {
  return Array.isArray(value) ? `[${value.slice(0, 16).map(shown)}${value.length > 16 ? ',…' : ''}]` : shown(value);
}

/** C-order strides are what PyTorch calls contiguous; axes of size 1 may have any. */
function isContiguous({ shape, strides }: TorchTensor): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    if (size !== 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** Where the storages of a file are. */
export interface Storages {
  /** Where a storage starts, in bytes from the start of a source. */
  readonly place: (storage: TorchStorage) => { readonly source: OpenSource; readonly start: number };
  readonly budget: Budget;
}

/** The tensor as a state dict has it. */
export async function readTensor(name: string, tensor: TorchTensor, file: Storages): Promise<StateTensor> {
  const { dtype, shape, strides, storage } = tensor;
  const { budget } = file;
  const { source, start } = file.place(storage);
  const width = dtypes[dtype].bits / 8;
  const offset = start + (storage.viewOffset + tensor.offset) * width;
  const count = elementCount(shape, name);
  const plain = !tensor.negated && !tensor.conjugated;
  if (count === 0 || (plain && isContiguous(tensor)))
    return storedTensor(source, { name, dtype, shape, offset }, budget);

  countTensor({ name, dtype, shape }, budget);
  const span = 1 + shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 0);
  const { readSync } = source;
  const { decode, widened } = dtypes[dtype];
  if (readSync === undefined)
    return { shape, dtype: widened, data: gather(decode(await source.read(offset, span * width)), tensor) };
  return {
    shape,
    dtype: widened,
    get data() {
      return gather(decode(readSync(offset, span * width)), tensor);
    },
  };
}

/** The elements of a view in C order. Complex numbers are two floats. */
function gather(span: TypedArray, { shape, strides, dtype, negated, conjugated }: TorchTensor): TypedArray {
  const parts = dtype === 'C64' || dtype === 'C128' ? 2 : 1;
  const count = shape.reduce((product, size) => product * size, 1);
  const Type = span.constructor as new (length: number) => TypedArray;
  const values = new Type(count * parts);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < count; to++) {
    for (let part = 0; part < parts; part++) values[to * parts + part] = span[from * parts + part] as never;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      from -= next * (strides[axis] ?? 0);
      index[axis] = 0;
    }
  }
  if (negated) negate(values);
  if (conjugated && parts === 2) for (let i = 1; i < values.length; i += 2) values[i] = -Number(values[i]);
  return values;
}

function negate(values: TypedArray): void {
  if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    for (let i = 0; i < values.length; i++) values[i] = -(values[i] ?? 0n);
  else for (let i = 0; i < values.length; i++) values[i] = -(values[i] ?? 0);
}
