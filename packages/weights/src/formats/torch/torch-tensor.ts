/** Tensors as PyTorch pickles them: views into storages, with an offset and strides in elements. */
import { type Dtype, dtypes, elementCount, type TypedArray } from '../../state-dict/dtype.js';
import type { StateTensor } from '../../state-dict/state-dict.js';
import type { OpenSource } from '../source.js';
import { storedTensor } from '../stored-tensor.js';
import { PickleGlobal, type PickleGlobals, shown } from './pickle.js';

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
  UntypedStorage: null,
};
const torchDtypes: Readonly<Record<string, Dtype>> = {
  float8_e5m2: 'F8_E5M2',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
  float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e8m0fnu: 'F8_E8M0',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64',
};

const notCallable = (name: string) => () => {
  throw new TypeError(`pickle: refuses to call '${name}'`);
};

/** The globals of weight files. Hooks, gradients and attributes are read over. */
export const torchGlobals: PickleGlobals = {
  'collections OrderedDict': ([items]) => new Map(pairs(items)),
  'torch Size': ([sizes]) => sizes ?? [],
  'torch._utils _rebuild_tensor': ([storage, offset, shape, strides]) => rebuild(storage, offset, shape, strides),
  'torch._utils _rebuild_tensor_v2': ([storage, offset, shape, strides]) => rebuild(storage, offset, shape, strides),
  'torch._utils _rebuild_tensor_v3': ([storage, offset, shape, strides, , , dtype]) =>
    rebuild(storage, offset, shape, strides, dtype),
  'torch._utils _rebuild_parameter': ([tensor]) => tensor,
  'torch._utils _rebuild_parameter_with_state': ([tensor]) => tensor,
  ...Object.fromEntries(Object.keys(storageDtypes).map((name) => [`torch ${name}`, notCallable(`torch.${name}`)])),
  'torch.storage UntypedStorage': notCallable('torch.storage.UntypedStorage'),
  ...Object.fromEntries(Object.keys(torchDtypes).map((name) => [`torch ${name}`, notCallable(`torch.${name}`)])),
};

function pairs(items: unknown): [unknown, unknown][] {
  if (items === undefined) return [];
  if (!Array.isArray(items) || !items.every((item) => Array.isArray(item) && item.length === 2))
    throw new TypeError('pickle: an OrderedDict is made of something that is no list of pairs');
  return items as [unknown, unknown][];
}

/** The dtype of a storage's class such as torch.FloatStorage. */
export function storageDtype(type: unknown): Dtype | null {
  const name = type instanceof PickleGlobal ? (type.name.split(' ')[1] ?? '') : '';
  if (!Object.hasOwn(storageDtypes, name)) throw new TypeError('pickle: a storage without a type');
  return storageDtypes[name] ?? null;
}

function rebuild(storage: unknown, offset: unknown, shape: unknown, strides: unknown, type?: unknown): TorchTensor {
  if (!(storage instanceof TorchStorage)) throw new TypeError('pickle: a tensor without a storage');
  if (!isCounts(shape) || !isCounts(strides) || shape.length !== strides.length || !isCounts([offset]))
    throw new RangeError(
      `pickle: a tensor of shape ${text(shape)}, strides ${text(strides)} and offset ${text(offset)}: expected integers of 0 or more`,
    );
  const name = type instanceof PickleGlobal ? (type.name.split(' ')[1] ?? '') : '';
  const dtype = type === undefined ? storage.dtype : Object.hasOwn(torchDtypes, name) ? torchDtypes[name] : undefined;
  if (dtype === undefined || dtype === null) throw new TypeError('pickle: a tensor of an unknown dtype');
  const { length } = storage;
  const elements = storage.dtype === null ? Math.floor((length * 8) / dtypes[dtype].bits) : length;
  const count = elementCount(shape, 'pickle: a tensor');
  const span = count === 0 ? 0 : 1 + shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 0);
  if (!(Number(offset) + span <= elements))
    throw new RangeError(
      `pickle: a tensor of shape [${shape}], strides [${strides}] and offset ${text(offset)} reaches over its storage of ${elements} elements`,
    );
  // Strides of 0 repeat elements without end; only small ones are plausible in a file of weights.
  if (count > Math.max(elements, 2 ** 20))
    throw new RangeError(`pickle: a tensor of ${count} elements repeats a storage of ${elements}`);
  return new TorchTensor(storage, dtype, Number(offset), shape, strides);
}

function isCounts(values: unknown): values is number[] {
  return Array.isArray(values) && values.every((value) => Number.isSafeInteger(value) && value >= 0);
}

function text(value: unknown): string {
  return Array.isArray(value) ? `[${value.slice(0, 40).map(shown)}]` : shown(value);
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

/**
 * The tensor as a state dict has it.
 * @param storageStart where its storage starts in `source`, in bytes
 */
export async function readTorchTensor(
  name: string,
  tensor: TorchTensor,
  source: OpenSource,
  storageStart: number,
): Promise<StateTensor> {
  const { dtype, shape, strides, storage } = tensor;
  const count = elementCount(shape, name);
  const width = dtypes[dtype].bits / 8;
  const offset = storageStart + (storage.viewOffset + tensor.offset) * width;
  if (count === 0 || isContiguous(tensor)) return storedTensor(source, { name, dtype, shape, offset });

  const span = 1 + shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 0);
  const { readSync } = source;
  const { decode, widened } = dtypes[dtype];
  if (readSync === undefined)
    return { shape, dtype: widened, data: gather(decode(await source.read(offset, span * width)), tensor) };
  return {
    shape,
    dtype: widened,
    // At each access, also from memory: many tensors may share a storage, and their copies would add up.
    get data() {
      return gather(decode(readSync(offset, span * width)), tensor);
    },
  };
}

/** The elements of a strided view in C order. Complex numbers are two floats. */
function gather(span: TypedArray, { shape, strides, dtype }: TorchTensor): TypedArray {
  const parts = dtype === 'C64' ? 2 : 1;
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
  return values;
}
