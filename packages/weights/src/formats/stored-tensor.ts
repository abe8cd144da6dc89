import { type Dtype, dtypes, elementCount, type TypedArray } from '../state-dict/dtype.js';
import type { StateTensor } from '../state-dict/state-dict.js';
import type { OpenSource } from './source.js';

/** Where a tensor lies in a file: contiguous, C order, little-endian. */
interface Place {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes from the start of the source. */
  readonly offset: number;
}

/**
 * The tensor at `place`, which the caller has checked to lie inside the source: read when asked for from a file, a view of
 * bytes in memory, read now from anything else.
 */
export async function storedTensor(source: OpenSource, { name, dtype, shape, offset }: Place): Promise<StateTensor> {
  const { bits, decode, widened } = dtypes[dtype];
  const count = elementCount(shape, name);
  const { readSync } = source;
  if (readSync === undefined)
    return { shape, dtype: widened, data: decode(await source.read(offset, (count * bits) / 8)) };

  const slice = (begin: number, end: number): TypedArray => {
    if (!(begin >= 0 && begin <= end && end <= count))
      throw new RangeError(`${name}: slice(${begin}, ${end}) is outside of its ${count} values`);
    return decode(readSync(offset + (begin * bits) / 8, ((end - begin) * bits) / 8));
  };
  if (!source.lazy) return { shape, dtype: widened, data: slice(0, count) };
  return {
    shape,
    dtype: widened,
    get data() {
      return slice(0, count);
    },
    // Parts of packed dtypes need not start at a byte.
    ...(bits >= 8 && { slice }),
  };
}
