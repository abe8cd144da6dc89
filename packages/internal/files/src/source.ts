/** Where a file's bytes come from: memory, a path, an address or the caller's own reader. */
import { addressOf } from './address.js';
import type { ReadLimits } from './budget.js';
import { nodeModule } from './node-module.js';
import { remoteFile } from './remote-file.js';

/** Reads any part of something that is not a local file, such as an object in a cloud store. */
export interface ReadableSource {
  /** Length in bytes. */
  readonly size: number;
  /** The `length` bytes at `offset`; the range always lies inside `size`. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * A file: its path, its file or https URL, its bytes in memory (a Node Buffer is a Uint8Array), a Blob, or a reader of ranges. Bytes
 * in memory are never changed. What an address has is fetched into memory as a whole. In a page, which has no files, a path is an address, too.
 */
export type Source = string | URL | Uint8Array | ArrayBuffer | SharedArrayBuffer | Blob | ReadableSource;

/** Whether a value can be a source. Whether there is a file behind it, `openSource` finds out. */
export function isSource(value: unknown): value is Source {
  if (typeof value === 'string') return value !== '';
  if (typeof value !== 'object' || value === null) return false;
  return (
    value instanceof URL ||
    value instanceof Uint8Array ||
    value instanceof ArrayBuffer ||
    isSharedMemory(value) ||
    value instanceof Blob ||
    ('read' in value && typeof value.read === 'function')
  );
}

/** A source that has been opened for reading. */
export interface OpenSource {
  /** For messages: the path, the address without its query, or 'the given bytes'. */
  readonly name: string;
  readonly size: number;
  /** Reads a range that was checked to lie inside `size`. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The same at once, where the source can. */
  readonly readSync?: (offset: number, length: number) => Uint8Array;
  /** Whether `read` gives views of memory that is not the reader's own: such bytes are copied before they are given away or changed. */
  readonly shared: boolean;
}

/** Small reads of a path are served from pages of this size, so that the file is not opened for each of thousands of structures. */
const pageSize = 2 ** 16;
const mostPages = 8;
/** Bytes that are fetched at most where the caller sets no limit: what one array of every engine can hold. */
const largestFetch = 2 ** 31;

/**
 * Opens a source. A path is opened for each read and closed after it, so that nothing has to be closed by the caller; a file
 * that changes in between is an error.
 * @param limits of what is fetched from an address: `memory` its bytes, `stall` seconds without any
 * @throws TypeError for what is no source, Error naming the path or address where it cannot be read
 */
export async function openSource(
  source: Source,
  limits: Pick<ReadLimits, 'memory' | 'stall'> = {},
): Promise<OpenSource> {
  if (typeof source === 'string' || source instanceof URL) {
    const address = addressOf(source);
    if (address !== null) {
      const { name, bytes } = await fetched(address, limits);
      return openBytes(bytes, name);
    }
    if (/^file:\/\//i.test(String(source))) return openFile(nodeModule('node:url').fileURLToPath(source));
    if (typeof source === 'string') return openFile(source);
    throw new TypeError(`source must be a file or https URL, got ${source.href.slice(0, 200)}`);
  }
  if (source instanceof Uint8Array) return openBytes(source);
  if (source instanceof ArrayBuffer || isSharedMemory(source)) return openBytes(new Uint8Array(source));
  if (source instanceof Blob) return openBlob(source);
  if (typeof source === 'object' && source !== null && typeof source.read === 'function') return openReader(source);
  throw new TypeError(
    `source must be a path, a file or https URL, bytes (Uint8Array, ArrayBuffer, SharedArrayBuffer), a Blob or { size, read(offset, length) }, got ${Array.isArray(source) ? 'an array' : source === null ? 'null' : typeof source}`,
  );
}

/** A part of a source as a source of its own, such as an entry of an archive. */
export function within(source: OpenSource, start: number, size: number): OpenSource {
  const { readSync } = source;
  return {
    ...source,
    size,
    read: (offset, length) => source.read(start + offset, length),
    ...(readSync !== undefined && {
      readSync: (offset: number, length: number) => readSync(start + offset, length),
    }),
  };
}

function isSharedMemory(source: unknown): source is SharedArrayBuffer {
  // Browsers have the class only on pages that are isolated from others.
  return typeof SharedArrayBuffer !== 'undefined' && source instanceof SharedArrayBuffer;
}

function openBytes(given: Uint8Array, name = 'the given bytes'): OpenSource {
  // A Buffer's own slice() does not copy: nothing here is to meet one.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  const readSync = (offset: number, length: number) => bytes.subarray(offset, offset + length);
  return { name, size: bytes.byteLength, read: async (o, l) => readSync(o, l), readSync, shared: true };
}

function openBlob(blob: Blob): OpenSource {
  return {
    name: 'name' in blob && typeof blob.name === 'string' ? blob.name : 'the given Blob',
    size: blob.size,
    shared: false,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}

function openReader(reader: ReadableSource): OpenSource {
  if (!Number.isSafeInteger(reader.size) || reader.size < 0)
    throw new RangeError(
      `source.size must be the number of bytes, got ${typeof reader.size === 'number' ? reader.size : typeof reader.size}`,
    );
  return {
    name: 'the given source',
    size: reader.size,
    shared: true,
    async read(offset, length) {
      const bytes = await reader.read(offset, length);
      if (!(bytes instanceof Uint8Array))
        throw new TypeError(
          `source.read(${offset}, ${length}) must give a Uint8Array, got ${bytes === null ? 'null' : typeof bytes}`,
        );
      if (bytes.byteLength !== length)
        throw new RangeError(`source.read(${offset}, ${length}) must give ${length} bytes, got ${bytes.byteLength}`);
      return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
    },
  };
}

async function openFile(path: string): Promise<OpenSource> {
  if (path.includes('\0')) throw new TypeError(`source must be a path, got one with a zero in it`);
  const fs = nodeModule('node:fs');
  const opened = fs.statSync(path);
  if (!opened.isFile()) throw new TypeError(`${path} is not a file`);
  const readFromDisk = (offset: number, length: number): Uint8Array => {
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
  const pages = new Map<number, Uint8Array>();
  const page = (index: number): Uint8Array => {
    const known = pages.get(index);
    if (known !== undefined) return known;
    const [oldest] = pages.keys();
    if (pages.size >= mostPages && oldest !== undefined) pages.delete(oldest);
    const start = index * pageSize;
    const bytes = readFromDisk(start, Math.min(pageSize, opened.size - start));
    pages.set(index, bytes);
    return bytes;
  };
  // Structures only. Tensors are asked for later, when the file may have changed.
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const first = Math.floor(offset / pageSize);
    if (length > pageSize / 4 || offset + length > (first + 1) * pageSize) return readFromDisk(offset, length);
    return page(first).slice(offset - first * pageSize, offset - first * pageSize + length);
  };
  return { name: path, size: opened.size, read, readSync: readFromDisk, shared: false };
}

async function fetched(
  url: string,
  { memory: largest = largestFetch, stall }: Pick<ReadLimits, 'memory' | 'stall'>,
): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const { name, stream } = remoteFile(url, { attempts: 1, ...(stall !== undefined && { stall }) });
  const parts: Uint8Array[] = [];
  let length = 0;
  // Counted as they come: a compressed transfer says how long it is before it is unpacked.
  for await (const part of stream()) {
    length += part.length;
    if (length > largest) throw new Error(`${name}: it has more than ${largest} bytes`);
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { name, bytes };
}
