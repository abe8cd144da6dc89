import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync } from 'node:zlib';
import { check, integer, rule, string } from '@cnnzoo/checks';
import type { Source } from '@cnnzoo/files';
import { sourceName } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';
import { type NamedFile, readFileBytes } from './named-files.js';

/** The array in an IDX file, http://yann.lecun.com/exdb/mnist: big-endian sizes, then unsigned bytes in C order. */
export interface IdxArray {
  readonly shape: readonly number[];
  /** In shared memory. */
  readonly data: Uint8Array;
}

/** A gzipped file may unpack to this much, and to this many times its size: images of digits pack 5 to 1, a bomb of zeros 1000 to 1. */
const freeBytes = 64 * 2 ** 20;
const largestRatio = 20;

/**
 * Reads an IDX file of unsigned bytes, gzipped or not.
 * @param source its path, file or https URL, bytes, Blob or { size, read }
 * @param dimensions how many the array must have: 3 for MNIST's images [count, height, width], 1 for its labels
 * @throws DataError where the file is missing, truncated, too long, corrupt or of another kind
 * @example
 * import { readIdx } from '@cnnzoo/data';
 * const { shape } = await readIdx('train-images-idx3-ubyte.gz', 3);
 * console.log(shape); // [60000, 28, 28]
 */
export async function readIdx(source: Source, dimensions: number): Promise<IdxArray> {
  check('dimensions', dimensions, integer(1, 255));
  return readNamedIdx({ name: sourceName(source), source }, dimensions);
}

/** Reads an IDX file under the name that messages give it. */
export async function readNamedIdx(file: NamedFile, dimensions: number): Promise<IdxArray> {
  const { name } = file;
  const bytes = await readFileBytes(file);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return parseIdx(bytes, name, dimensions);
  try {
    // The header decides how much is unpacked, before it is.
    const head = gunzipSync(bytes.subarray(0, 4096), { finishFlush: constants.Z_SYNC_FLUSH });
    const size = readHeader(head, name, dimensions).total;
    const largest = freeBytes + largestRatio * bytes.length;
    if (size > largest)
      throw new DataError(name, `it unpacks from ${bytes.length} to ${size} bytes, at most ${largest} are allowed`);
    // One byte more than there should be shows a file that is too long.
    return parseIdx(await promisify(gunzip)(bytes, { maxOutputLength: size + 1 }), name, dimensions);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const tooLong = (cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    throw new DataError(
      name,
      tooLong
        ? 'too long: it unpacks to more bytes than its header says'
        : `corrupt gzip (${cause instanceof Error ? cause.message : cause})`,
      { cause },
    );
  }
}

/**
 * Reads the bytes of an IDX file.
 * @param bytes of the whole file, not gzipped
 * @param name how error messages call the file
 * @param dimensions how many the array must have
 * @throws DataError where the bytes are not those of such a file
 * @example
 * import { parseIdx } from '@cnnzoo/data';
 * const { data } = parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9), 'labels', 1);
 * console.log(data); // 7, 9
 */
export function parseIdx(bytes: Uint8Array, name: string, dimensions: number): IdxArray {
  check(
    'bytes',
    bytes,
    rule<Uint8Array>('a Uint8Array', (value) => value instanceof Uint8Array),
  );
  check('name', name, string());
  check('dimensions', dimensions, integer(1, 255));
  const { shape, start, total } = readHeader(bytes, name, dimensions);
  if (bytes.length !== total)
    throw new DataError(
      name,
      `${bytes.length < total ? 'truncated' : 'too long'}: ${bytes.length} bytes, expected ${total} for an array of ${shape.join(' x ')}`,
    );
  const data = new Uint8Array(new SharedArrayBuffer(total - start));
  data.set(bytes.subarray(start));
  return { shape, data };
}

/** The array's shape, where its values start and how many bytes the file must have. */
function readHeader(bytes: Uint8Array, name: string, dimensions: number) {
  const start = 4 + 4 * dimensions;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = 0x0800 + dimensions;
  if (bytes.length < 4) throw new DataError(name, `truncated: ${bytes.length} bytes, an IDX file has at least 4`);
  if (view.getUint32(0) !== magic)
    throw new DataError(
      name,
      `wrong magic number ${hex(view.getUint32(0))}, expected ${hex(magic)} (unsigned bytes, ${dimensions} dimensions)`,
    );
  if (bytes.length < start)
    throw new DataError(name, `truncated: ${bytes.length} bytes, its header alone has ${start}`);
  const shape = Array.from({ length: dimensions }, (_, axis) => view.getUint32(4 + 4 * axis));
  return { shape, start, total: start + shape.reduce((product, length) => product * length, 1) };
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
