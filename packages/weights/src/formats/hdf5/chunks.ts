/** Data sets that are stored in chunks; each chunk may be compressed. */
import { type Budget, inflate } from '@cnnzoo/files';
import { elementCount, shapeText } from '../../state-dict/dtype.js';
import { unpackLzf } from './lzf.js';

export interface Chunk {
  /** Its first element, by axis. */
  readonly offset: readonly number[];
  readonly address: number;
  readonly storedSize: number;
  /** Bit i set: filter i was not applied. */
  readonly mask: number;
}

interface Place {
  readonly shape: readonly number[];
  /** Sizes of a chunk, by axis. */
  readonly chunk: readonly number[];
  /** Bytes of an element. */
  readonly width: number;
  readonly filters: readonly number[];
  /** The element that stands where no chunk is; null: zero. */
  readonly fill: Uint8Array | null;
}

const deflateFilter = 1;
const shuffleFilter = 2;
const fletcher32Filter = 3;
const lzfFilter = 32000;
/** Filters that files have and that are not read: HDF5's own, and the registered ones that h5py's and PyTables' users meet. */
const otherFilters: Readonly<Record<number, string>> = {
  4: 'szip',
  5: 'nbit',
  6: 'scale-offset',
  305: 'LZO',
  307: 'bzip2',
  32001: 'blosc',
  32004: 'LZ4',
  32008: 'bitshuffle',
  32013: 'zfp',
  32015: 'Zstandard',
  32026: 'blosc2',
};

/** The whole data set in C order. */
export async function readChunks(
  file: { readonly budget: Budget; bytes(address: number, length: number): Promise<Uint8Array> },
  name: string,
  { shape, chunk, width, filters, fill }: Place,
  chunks: readonly Chunk[],
): Promise<Uint8Array> {
  const total = elementCount(shape, name) * width;
  const chunkBytes = elementCount(chunk, name) * width;
  if (shape.length !== chunk.length || chunk.includes(0))
    throw new RangeError(`${name}: ${shapeText(shape)} in chunks of ${shapeText(chunk)}`);
  file.budget.memory(total + chunkBytes, `the data set ${name}`);
  const most = shape.reduce((product, size, axis) => product * Math.ceil(size / (chunk[axis] ?? 1)), 1);
  // A data set that has shrunk may have more, outside of it.
  const inside = chunks.filter(({ offset }) => offset.every((start, axis) => start < (shape[axis] ?? 1)));
  if (inside.length > most) throw new RangeError(`${name}: ${inside.length} chunks, expected at most ${most}`);
  const values = filled(total, width, fill, name);
  // A row is copied at a time; rows of one element, chunk after chunk, would take much time for few bytes.
  const rows =
    shape.reduce((product, size, axis) => product * Math.min(size, chunk[axis] ?? 1), 1) / (chunk.at(-1) ?? 1);
  for (const { offset, address, storedSize, mask } of inside) {
    file.budget.values(Math.ceil(rows / 8));
    // What does not shrink grows by a few bytes, by each filter.
    if (storedSize > chunkBytes + chunkBytes / 16 + 256)
      throw new RangeError(`${name}: a chunk of ${chunkBytes} bytes that is stored in ${storedSize}`);
    let bytes = await file.bytes(address, storedSize);
    for (let i = filters.length - 1; i >= 0; i--) {
      if ((mask >> i) & 1) continue;
      const filter = filters[i];
      if (filter === deflateFilter)
        bytes = await inflate(bytes, 'deflate', chunkBytes + 4).catch((cause: Error) => {
          throw new RangeError(`${name}: a chunk cannot be unpacked: ${cause.message}`, { cause });
        });
      else if (filter === shuffleFilter) bytes = unshuffle(bytes, width);
      else if (filter === fletcher32Filter) bytes = bytes.subarray(0, -4);
      else if (filter === lzfFilter) bytes = unpackLzf(bytes, chunkBytes, name);
      else
        throw new TypeError(
          `${name} is packed by ${otherFilters[filter ?? 0] ?? 'a filter'} (HDF5's filter ${filter}), which is not supported: write it with gzip, lzf or no compression, as by \`h5repack -f GZIP=4\``,
        );
    }
    if (bytes.length < chunkBytes)
      throw new RangeError(`${name}: a chunk of ${bytes.length} bytes, expected ${chunkBytes}`);
    placeChunk(values, bytes, { shape, chunk, width }, offset);
  }
  return values;
}

/** Elements that nobody has written yet. */
function filled(total: number, width: number, fill: Uint8Array | null, name: string): Uint8Array {
  const values = new Uint8Array(total);
  if (fill === null || total === 0) return values;
  if (fill.length !== width) throw new RangeError(`${name}: a fill value of ${fill.length} bytes, expected ${width}`);
  values.set(fill);
  // Twice as many each time.
  for (let done = width; done < total; done *= 2) values.copyWithin(done, 0, Math.min(done, total - done));
  return values;
}

/** The filter puts the first bytes of all elements first, then the second bytes, and so on. */
function unshuffle(bytes: Uint8Array, width: number): Uint8Array {
  const count = Math.floor(bytes.length / width);
  // New, because the bytes may be the caller's. What does not fill an element stays where it is.
  const values = new Uint8Array(bytes);
  for (let byte = 0; byte < width; byte++)
    for (let i = 0; i < count; i++) values[i * width + byte] = bytes[byte * count + i] ?? 0;
  return values;
}

/** Copies the part of a chunk that is inside of the data set, row by row. */
function placeChunk(
  values: Uint8Array,
  bytes: Uint8Array,
  { shape, chunk, width }: Pick<Place, 'shape' | 'chunk' | 'width'>,
  offset: readonly number[],
): void {
  const visit = (axis: number, from: number, to: number): void => {
    const size = chunk[axis] ?? 1;
    const start = offset[axis] ?? 0;
    const inside = Math.min(size, (shape[axis] ?? 1) - start);
    if (inside <= 0) return;
    if (axis >= shape.length - 1) {
      const at = (to + start) * width;
      values.set(bytes.subarray(from * width, (from + inside) * width), at);
      return;
    }
    const chunkStride = chunk.slice(axis + 1).reduce((product, n) => product * n, 1);
    const stride = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
    for (let i = 0; i < inside; i++) visit(axis + 1, from + i * chunkStride, to + (start + i) * stride);
  };
  visit(0, 0, 0);
}
