/**
 * The directory of a zip archive. Archives of weights store their entries as they are, so a tensor can be read in place:
 * that is why this reads the directory only and no library extracts the entries.
 */
import type { OpenSource } from './source.js';

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Where its bytes start, counted from the start of the archive. */
  readonly offset: number;
  /** Its bytes in the archive. */
  readonly storedSize: number;
  /** Its bytes when unpacked, as the archive claims. */
  readonly size: number;
  /** Whether it is deflated; otherwise it is stored as it is. */
  readonly deflated: boolean;
}

const END_RECORD = 0x06054b50;
const END_RECORD_SIZE = 22;
const LARGEST_COMMENT = 65535;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_END_RECORD = 0x06064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
/** A directory of about 100,000 entries; one with more is no archive of weights. */
const LARGEST_DIRECTORY = 2 ** 23;

/**
 * Reads the directory of an archive.
 * @throws TypeError or RangeError for truncated archives, entries outside of the file or overlapping, names that climb out of
 *   a folder, names that come twice, encryption and compression other than deflate
 */
export async function readZipDirectory(source: OpenSource): Promise<Map<string, ZipEntry>> {
  const { count, offset, size } = await findDirectory(source);
  const fail = (reason: string) => new RangeError(`${source.name}: broken zip archive: ${reason}`);
  if (!(size <= LARGEST_DIRECTORY && offset + size <= source.size))
    throw fail(`a directory of ${size} bytes at ${offset}`);
  const bytes = await source.read(offset, size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > size || view.getUint32(at, true) !== DIRECTORY_ENTRY)
      throw fail(`no entry ${i} of ${count} in its directory`);
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > size) throw fail(`entry ${i} is longer than its directory`);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (name.includes('\\') || name.startsWith('/') || /^[a-z]:/i.test(name) || name.split('/').includes('..'))
      throw fail(`its entry '${name}' climbs out of its folder`);
    if (entries.has(name)) throw fail(`its entry '${name}' is there twice`);
    if ((flags & 1) !== 0) throw fail(`its entry '${name}' is encrypted`);
    if (method !== 0 && method !== 8)
      throw fail(`its entry '${name}' is compressed by method ${method}, expected deflate`);
    const place = zip64Place(view, at, at + 46 + nameLength, extraLength);
    if (method === 0 && place.size !== place.storedSize) throw fail(`its entry '${name}' has two sizes`);
    if (!(place.localHeader + 30 + place.storedSize <= source.size))
      throw fail(`its entry '${name}' is outside of the file`);
    const local = await source.read(place.localHeader, 30);
    const header = new DataView(local.buffer, local.byteOffset, 30);
    if (header.getUint32(0, true) !== LOCAL_HEADER) throw fail(`its entry '${name}' has no header`);
    const start = place.localHeader + 30 + header.getUint16(26, true) + header.getUint16(28, true);
    if (!(start + place.storedSize <= source.size)) throw fail(`its entry '${name}' is outside of the file`);
    entries.set(name, {
      name,
      offset: start,
      storedSize: place.storedSize,
      size: place.size,
      deflated: method === 8,
    });
    at = next;
  }
  refuseOverlap([...entries.values()], fail);
  return entries;
}

/** Entries that share bytes make small archives that unpack to anything. */
function refuseOverlap(entries: ZipEntry[], fail: (reason: string) => Error): void {
  entries.sort((a, b) => a.offset - b.offset);
  let end = 0;
  for (const { name, offset, storedSize } of entries) {
    if (offset < end) throw fail(`its entry '${name}' overlaps another`);
    end = offset + storedSize;
  }
}

/** Sizes and place of an entry; where they do not fit 32 bits they stand in the zip64 extra field, in this order. */
function zip64Place(view: DataView, entry: number, extra: number, extraLength: number) {
  let size = view.getUint32(entry + 24, true);
  let storedSize = view.getUint32(entry + 20, true);
  let localHeader = view.getUint32(entry + 42, true);
  let at = extra;
  while (at + 4 <= extra + extraLength) {
    const id = view.getUint16(at, true);
    const end = Math.min(at + 4 + view.getUint16(at + 2, true), extra + extraLength);
    if (id === 1) {
      let field = at + 4;
      const next = (current: number) => {
        if (current !== 0xffffffff || field + 8 > end) return current;
        field += 8;
        return Number(view.getBigUint64(field - 8, true));
      };
      size = next(size);
      storedSize = next(storedSize);
      localHeader = next(localHeader);
    }
    at = end;
  }
  return { size, storedSize, localHeader };
}

async function findDirectory(source: OpenSource): Promise<{ count: number; offset: number; size: number }> {
  const tailSize = Math.min(source.size, END_RECORD_SIZE + LARGEST_COMMENT);
  const tailStart = source.size - tailSize;
  const tail = await source.read(tailStart, tailSize);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  for (let at = tailSize - END_RECORD_SIZE; at >= 0; at--) {
    // The record ends with a comment that fills the rest of the file.
    if (view.getUint32(at, true) !== END_RECORD || at + END_RECORD_SIZE + view.getUint16(at + 20, true) !== tailSize)
      continue;
    const record = {
      count: view.getUint16(at + 10, true),
      size: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
    };
    return (await zip64Directory(source, tailStart + at)) ?? record;
  }
  throw new RangeError(`${source.name}: the end of the zip archive is missing: truncated`);
}

async function zip64Directory(source: OpenSource, endRecord: number) {
  if (endRecord < 20) return null;
  const locator = await source.read(endRecord - 20, 20);
  const locatorView = new DataView(locator.buffer, locator.byteOffset, 20);
  if (locatorView.getUint32(0, true) !== ZIP64_LOCATOR) return null;
  const at = Number(locatorView.getBigUint64(8, true));
  if (!(at + 56 <= source.size))
    throw new RangeError(`${source.name}: broken zip archive: its zip64 record is missing`);
  const bytes = await source.read(at, 56);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 56);
  if (view.getUint32(0, true) !== ZIP64_END_RECORD)
    throw new RangeError(`${source.name}: broken zip archive: its zip64 record is missing`);
  return {
    count: Number(view.getBigUint64(32, true)),
    size: Number(view.getBigUint64(40, true)),
    offset: Number(view.getBigUint64(48, true)),
  };
}

/**
 * The bytes of one entry, unpacked.
 * @param limit the most it may take when unpacked, in bytes
 * @throws RangeError where it is larger than `limit` or than it claims
 */
export async function readZipEntry(source: OpenSource, entry: ZipEntry, limit: number): Promise<Uint8Array> {
  const { name, offset, storedSize, size, deflated } = entry;
  if (size > limit) throw new RangeError(`${source.name}: '${name}' has ${size} bytes, expected at most ${limit}`);
  const stored = await source.read(offset, storedSize);
  if (!deflated) return stored;
  const unpacked = new Uint8Array(size);
  let done = 0;
  const stream = new Blob([stored as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream('deflate-raw'));
  try {
    for await (const part of stream as unknown as AsyncIterable<Uint8Array>) {
      if (done + part.length > size) throw new RangeError('it unpacks to more bytes than it claims');
      unpacked.set(part, done);
      done += part.length;
    }
  } catch (cause) {
    throw new RangeError(`${source.name}: '${name}' cannot be unpacked: ${(cause as Error).message}`, { cause });
  }
  if (done !== size) throw new RangeError(`${source.name}: '${name}' unpacks to ${done} bytes, expected ${size}`);
  return unpacked;
}
