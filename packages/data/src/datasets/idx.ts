import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { DataError } from '../data-error.js';

/** The array in an IDX file, http://yann.lecun.com/exdb/mnist: big-endian sizes, then unsigned bytes in C order. */
export interface IdxArray {
  readonly shape: readonly number[];
  /** In shared memory. */
  readonly data: Uint8Array;
}

/** The largest file that is unpacked: ten times MNIST's images. A bomb of zeros packs 1000 to 1. */
const maxUnpackedBytes = 512 * 2 ** 20;

/**
 * Reads an IDX file of unsigned bytes, gzipped or not.
 * @param path of the file
 * @param dimensions how many the array must have: 3 for MNIST's images [count, height, width], 1 for its labels
 * @throws DataError where the file is missing, truncated, too long, corrupt or of another kind
 * @example
 * import { readIdx } from '@cnnzoo/data';
 * const { shape } = await readIdx('train-images-idx3-ubyte.gz', 3);
 * console.log(shape); // [60000, 28, 28]
 */
export async function readIdx(path: string, dimensions: number): Promise<IdxArray> {
  return parseIdx(await readUnpacked(path), path, dimensions);
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
  const headerSize = 4 + 4 * dimensions;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = 0x0800 + dimensions;
  if (bytes.length < 4) throw new DataError(name, `truncated: ${bytes.length} bytes, an IDX file has at least 4`);
  if (view.getUint32(0) !== magic)
    throw new DataError(
      name,
      `wrong magic number ${hex(view.getUint32(0))}, expected ${hex(magic)} (unsigned bytes, ${dimensions} dimensions)`,
    );
  if (bytes.length < headerSize)
    throw new DataError(name, `truncated: ${bytes.length} bytes, its header alone has ${headerSize}`);
  const shape = Array.from({ length: dimensions }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== headerSize + size)
    throw new DataError(
      name,
      `${bytes.length < headerSize + size ? 'truncated' : 'too long'}: ${bytes.length} bytes, expected ${headerSize + size} for an array of ${shape.join(' x ')}`,
    );
  const data = new Uint8Array(new SharedArrayBuffer(size));
  data.set(bytes.subarray(headerSize));
  return { shape, data };
}

async function readUnpacked(path: string): Promise<Uint8Array> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new DataError(path, `cannot be read (${cause instanceof Error ? cause.message : cause})`, { cause });
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: maxUnpackedBytes });
  } catch (cause) {
    throw new DataError(path, `corrupt gzip (${cause instanceof Error ? cause.message : cause})`, { cause });
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
