import { nodeModule } from '../node-module.js';

/** Where a file's bytes come from: memory, a path or the caller's own reader. */

/** Reads any part of something that is not a local file, such as an object in a cloud store. */
export interface ReadableSource {
  /** Length in bytes. */
  readonly size: number;
  /** The `length` bytes at `offset`; the range always lies inside `size`. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A file's bytes, its path, or a reader of ranges. */
export type Source = Uint8Array | string | ReadableSource;

/** A source that has been opened for reading. */
export interface OpenSource {
  /** For messages: the path, or 'the given bytes'. */
  readonly name: string;
  readonly size: number;
  /** Reads a range that was checked to lie inside `size`. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The same at once, where the source can. */
  readonly readSync?: (offset: number, length: number) => Uint8Array;
  /** Whether `readSync` reads from disk each time. Otherwise it gives a view of bytes that are in memory already. */
  readonly lazy: boolean;
}

/**
 * Opens a source. A path is opened for each read and closed after it, so that nothing has to be closed by the caller; a file
 * that changes in between is an error.
 */
export async function openSource(source: Source): Promise<OpenSource> {
  if (source instanceof Uint8Array) return openBytes(source);
  if (typeof source === 'string') return openFile(source);
  if (typeof source === 'object' && source !== null && typeof source.read === 'function') return openReader(source);
  throw new TypeError(`source is ${String(source)}, expected a Uint8Array, a path or { size, read(offset, length) }`);
}

function openBytes(bytes: Uint8Array): OpenSource {
  const readSync = (offset: number, length: number) => bytes.subarray(offset, offset + length);
  return {
    name: 'the given bytes',
    size: bytes.byteLength,
    read: async (o, l) => readSync(o, l),
    readSync,
    lazy: false,
  };
}

function openReader(reader: ReadableSource): OpenSource {
  if (!Number.isSafeInteger(reader.size) || reader.size < 0)
    throw new RangeError(`source.size is ${reader.size}, expected the number of bytes`);
  return {
    name: 'the given source',
    size: reader.size,
    lazy: false,
    async read(offset, length) {
      const bytes = await reader.read(offset, length);
      if (bytes.byteLength !== length)
        throw new RangeError(`source.read(${offset}, ${length}) gave ${bytes.byteLength} bytes instead of ${length}`);
      return bytes;
    },
  };
}

async function openFile(path: string): Promise<OpenSource> {
  const fs = await nodeModule('fs');
  const opened = fs.statSync(path);
  if (!opened.isFile()) throw new TypeError(`${path} is not a file`);
  const readSync = (offset: number, length: number): Uint8Array => {
    const descriptor = fs.openSync(path, 'r');
    try {
      const now = fs.fstatSync(descriptor);
      if (now.size !== opened.size || now.mtimeMs !== opened.mtimeMs)
        throw new Error(`${path} has changed since it was opened: read it again`);
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const count = fs.readSync(descriptor, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
        if (count === 0) throw new RangeError(`${path} ends at byte ${offset + done}, expected ${offset + length}`);
        done += count;
      }
      return bytes;
    } finally {
      fs.closeSync(descriptor);
    }
  };
  return { name: path, size: opened.size, read: async (o, l) => readSync(o, l), readSync, lazy: true };
}
