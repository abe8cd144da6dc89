import type { Budget, OpenSource } from '@cnnzoo/files';
import { type Dtype, dtypes, elementCount, type TypedArray } from '../state-dict/dtype.js';
import type { StateTensor } from '../state-dict/state-dict.js';

/** Where a tensor lies in a file: contiguous, C order, little-endian. */
interface Place {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes from the start of the source. */
  readonly offset: number;
}

/** Counts a tensor that is about to be read or described. @returns its number of elements */
export function countTensor({ name, dtype, shape }: Omit<Place, 'offset'>, budget: Budget): number {
  const count = elementCount(shape, name);
  budget.entries(1);
  budget.memory(count * dtypes[dtype].widenedBytes, `the tensor ${name}`);
  return count;
}

/**
 * The tensor at `place`, which the caller has checked to lie inside the source: read when it is asked for, where the source can, else
 * now. Each access gives values of its own, which never share memory with the source.
 */
export async function storedTensor(source: OpenSource, place: Place, budget: Budget): Promise<StateTensor> {
  const { name, dtype, shape, offset } = place;
  const count = countTensor(place, budget);
  const { bits, decode, widened } = dtypes[dtype];
  const copies = source.shared && widened === dtype;
  const own = (bytes: Uint8Array): TypedArray => decode(copies ? new Uint8Array(bytes) : bytes);
  const { readSync } = source;
  if (readSync === undefined)
    return { shape, dtype: widened, data: own(await source.read(offset, (count * bits) / 8)) };

  const slice = (begin: number, end: number): TypedArray => {
    if (!(begin >= 0 && begin <= end && end <= count))
      throw new RangeError(`${name}: slice(${begin}, ${end}) is outside of its ${count} values`);
    return own(readSync(offset + (begin * bits) / 8, ((end - begin) * bits) / 8));
  };
  return {
    shape,
    dtype: widened,
    get data() {
      return slice(0, count);
    },
    // Parts of packed dtypes need not start at a byte, and complex numbers are two values each.
    ...(bits >= 8 && !dtype.startsWith('C') && { slice }),
  };
}
