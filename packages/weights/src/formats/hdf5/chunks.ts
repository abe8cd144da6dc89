/** Data sets that are stored in pieces, each of which may be compressed. */
import { elementCount } from '../../state-dict/dtype.js';
import type { Fields } from './messages.js';

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
}

const DEFLATE = 1;
const SHUFFLE = 2;
const FLETCHER32 = 3;

/** The whole data set in C order. Chunks that are missing are zero. */
export async function readChunks(
  file: { readonly size: number; fields(address: number, length: number): Promise<Fields> },
  name: string,
  { shape, chunk, width, filters }: Place,
  chunks: readonly Chunk[],
): Promise<Uint8Array> {
  const total = elementCount(shape, name) * width;
  const chunkBytes = elementCount(chunk, name) * width;
  // Weights hardly shrink when they are compressed: what claims 100 to 1 is a bomb.
  if (shape.length !== chunk.length || chunk.includes(0) || total + chunkBytes > 2 ** 20 + 100 * file.size)
    throw new RangeError(`${name}: [${shape}] in chunks of [${chunk}] cannot be in a file of ${file.size} bytes`);
  const most = shape.reduce((product, size, axis) => product * Math.ceil(size / (chunk[axis] ?? 1)), 1);
  if (chunks.length > most) throw new RangeError(`${name}: ${chunks.length} chunks, expected at most ${most}`);
  const values = new Uint8Array(total);
  for (const { offset, address, storedSize, mask } of chunks) {
    let bytes = (await file.fields(address, storedSize)).bytes;
    for (let i = filters.length - 1; i >= 0; i--) {
      if ((mask >> i) & 1) continue;
      const filter = filters[i];
      if (filter === DEFLATE) bytes = await inflate(bytes, chunkBytes + 4, name);
      else if (filter === SHUFFLE) bytes = unshuffle(bytes, width);
      else if (filter === FLETCHER32) bytes = bytes.subarray(0, -4);
      else throw new TypeError(`${name}: filter ${filter}, expected gzip, shuffle or fletcher32`);
    }
    if (bytes.length < chunkBytes)
      throw new RangeError(`${name}: a chunk of ${bytes.length} bytes, expected ${chunkBytes}`);
    placeChunk(values, bytes, { shape, chunk, width, filters }, offset);
  }
  return values;
}

async function inflate(bytes: Uint8Array, limit: number, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>])
      .stream()
      .pipeThrough(new DecompressionStream('deflate'));
    for await (const part of stream as unknown as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > limit) throw new RangeError('it is larger than a chunk');
      parts.push(part);
    }
  } catch (cause) {
    throw new RangeError(`${name}: a chunk cannot be unpacked: ${(cause as Error).message}`, { cause });
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The filter puts the first bytes of all elements first, then the second bytes, and so on. */
function unshuffle(bytes: Uint8Array, width: number): Uint8Array {
  const count = Math.floor(bytes.length / width);
  const values = bytes.slice();
  for (let byte = 0; byte < width; byte++)
    for (let i = 0; i < count; i++) values[i * width + byte] = bytes[byte * count + i] ?? 0;
  return values;
}

/** Copies the part of a chunk that is inside of the data set, row by row. */
function placeChunk(
  values: Uint8Array,
  bytes: Uint8Array,
  { shape, chunk, width }: Place,
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
