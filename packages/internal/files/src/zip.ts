/**
 * Zip archives, read in place: the directory only, and entries when they are asked for. Why not a library: those for Node (yauzl) need
 * its streams, those for browsers unpack entries into memory, and archives of weights and images mostly store theirs as they are.
 */
import type { Budget } from './budget.js';
import { inflate } from './inflate.js';
import type { OpenSource } from './source.js';

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Where its header starts, counted from the start of the archive. Its bytes come after that: see `zipEntryStart`. */
  readonly header: number;
  /** Its bytes in the archive. */
  readonly storedSize: number;
  /** Its bytes when unpacked, as the archive claims. */
  readonly size: number;
  /** 0: stored as it is, 8: deflated. Others are refused when the entry is read. */
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc32: number;
}

const endRecordSignature = 0x06054b50;
const endRecordSize = 22;
const largestComment = 65535;
const zip64LocatorSignature = 0x07064b50;
const zip64EndSignature = 0x06064b50;
const directorySignature = 0x02014b50;
const localHeaderSignature = 0x04034b50;
const localHeaderSize = 30;

/**
 * Reads the directory of an archive.
 * @param folders whether its folders are wanted, too, whose names end in a slash
 * @throws RangeError naming the archive where it is truncated or damaged, has entries outside of the file, overlapping ones (which
 *   make small archives that unpack to anything) or names that climb out of a folder
 */
export async function readZipDirectory(source: OpenSource, budget: Budget, folders = false): Promise<ZipEntry[]> {
  const { count, offset, size, end: directoryEnd } = await findDirectory(source);
  const fail = (reason: string) => new RangeError(`${source.name}: broken zip archive: ${reason}`);
  budget.memory(size, 'the directory of the archive');
  // Where bytes stand before the archive, such as a program that unpacks it, all places count from after them.
  let shift = directoryEnd - size - offset;
  let bytes = await directoryAt(source, offset + shift, size);
  if (bytes === null && shift !== 0) {
    shift = 0;
    bytes = await directoryAt(source, offset, size);
  }
  if (bytes === null) throw fail(`no directory of ${size} bytes at ${offset}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: ZipEntry[] = [];
  const ends: number[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    budget.entries(1);
    if (at + 46 > size || view.getUint32(at, true) !== directorySignature)
      throw fail(`no entry ${i} of ${count} in its directory`);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > size) throw fail(`entry ${i} is longer than its directory`);
    const name = decodeName(bytes.subarray(at + 46, at + 46 + nameLength));
    if (name.includes('\\') || name.startsWith('/') || /^[a-z]:/i.test(name) || name.split('/').includes('..'))
      throw fail(`its entry ${shown(name)} climbs out of its folder`);
    const place = zip64Place(view, at, at + 46 + nameLength, extraLength);
    const method = view.getUint16(at + 10, true);
    const header = place.header + shift;
    if (method === 0 && place.size !== place.storedSize) throw fail(`its entry ${shown(name)} has two sizes`);
    const end = header + localHeaderSize + nameLength + place.storedSize;
    if (!(header >= 0 && end <= source.size)) throw fail(`its entry ${shown(name)} is outside of the file`);
    entries.push({
      name,
      header,
      storedSize: place.storedSize,
      size: place.size,
      method,
      encrypted: (view.getUint16(at + 8, true) & 1) !== 0,
      crc32: view.getUint32(at + 16, true),
    });
    ends.push(end);
    at = next;
  }
  const order = entries.map((_, i) => i).sort((a, b) => (entries[a]?.header ?? 0) - (entries[b]?.header ?? 0));
  let end = 0;
  for (const i of order) {
    const { header, name } = entries[i] ?? { header: 0, name: '' };
    if (header < end) throw fail(`its entry ${shown(name)} overlaps another`);
    end = ends[i] ?? 0;
  }
  return folders ? entries : entries.filter(({ name }) => !name.endsWith('/'));
}

/** The bytes of a directory, or null where there is none. */
async function directoryAt(source: OpenSource, start: number, size: number): Promise<Uint8Array | null> {
  if (!(start >= 0 && start + size <= source.size)) return null;
  const bytes = await source.read(start, size);
  if (size === 0) return bytes;
  if (size < 46) return null;
  return new DataView(bytes.buffer, bytes.byteOffset, size).getUint32(0, true) === directorySignature ? bytes : null;
}

/** @throws RangeError where two entries have the same name */
export function zipEntriesByName(entries: readonly ZipEntry[], archive: string): Map<string, ZipEntry> {
  const byName = new Map<string, ZipEntry>();
  for (const entry of entries) {
    if (byName.has(entry.name))
      throw new RangeError(`${archive}: broken zip archive: its entry ${shown(entry.name)} is there twice`);
    byName.set(entry.name, entry);
  }
  return byName;
}

/** Where the bytes of an entry start: its header has a length of its own. @throws RangeError where the entry is damaged */
export async function zipEntryStart(source: OpenSource, { name, header, storedSize }: ZipEntry): Promise<number> {
  const fail = (reason: string) =>
    new RangeError(`${source.name}: broken zip archive: its entry ${shown(name)} ${reason}`);
  const bytes = await source.read(header, localHeaderSize);
  const view = new DataView(bytes.buffer, bytes.byteOffset, localHeaderSize);
  if (view.getUint32(0, true) !== localHeaderSignature) throw fail('has no header');
  const start = header + localHeaderSize + view.getUint16(26, true) + view.getUint16(28, true);
  if (!(start + storedSize <= source.size)) throw fail('is outside of the file');
  return start;
}

/**
 * The bytes of one entry, unpacked.
 * @throws RangeError where it is beyond the budget, larger than it claims or damaged; TypeError where it is encrypted or packed by another method
 *   than deflate
 */
export async function readZipEntry(source: OpenSource, entry: ZipEntry, budget: Budget): Promise<Uint8Array> {
  const { name, storedSize, size, method, encrypted } = entry;
  const title = `${source.name}: ${shown(name)}`;
  if (encrypted) throw new TypeError(`${title} is encrypted`);
  if (method !== 0 && method !== 8) throw new TypeError(`${title} is packed by method ${method}, expected deflate`);
  const start = await zipEntryStart(source, entry);
  budget.memory(size, `the entry ${shown(name)}`);
  const stored = await source.read(start, storedSize);
  if (method === 0) return stored;
  const unpacked = await inflate(stored, 'deflate-raw', size).catch((cause: Error) => {
    throw new RangeError(`${title} cannot be unpacked: ${cause.message}`, { cause });
  });
  if (unpacked.length !== size) throw new RangeError(`${title} unpacks to ${unpacked.length} bytes, expected ${size}`);
  return unpacked;
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 200)).replaceAll(/^"|"$/g, "'");
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** The upper half of the code page that zip archives have where they are not UTF-8. */
const codePage437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** Many archivers write UTF-8 and do not say so. */
function decodeName(bytes: Uint8Array): string {
  const unshared = bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes);
  try {
    return utf8.decode(unshared);
  } catch {
    return Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : codePage437[byte - 128])).join('');
  }
}

/** Sizes and place of an entry; where they do not fit 32 bits they stand in the zip64 extra field, in this order. */
function zip64Place(view: DataView, entry: number, extra: number, extraLength: number) {
  let size = view.getUint32(entry + 24, true);
  let storedSize = view.getUint32(entry + 20, true);
  let header = view.getUint32(entry + 42, true);
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
      header = next(header);
    }
    at = end;
  }
  return { size, storedSize, header };
}

interface Directory {
  readonly count: number;
  /** As the archive says. */
  readonly offset: number;
  readonly size: number;
  /** Where what follows it really starts. */
  readonly end: number;
}

async function findDirectory(source: OpenSource): Promise<Directory> {
  const tailSize = Math.min(source.size, endRecordSize + largestComment);
  const tailStart = source.size - tailSize;
  const tail = await source.read(tailStart, tailSize);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  for (let at = tailSize - endRecordSize; at >= 0; at--) {
    // The record ends with a comment that fills the rest of the file.
    if (
      view.getUint32(at, true) !== endRecordSignature ||
      at + endRecordSize + view.getUint16(at + 20, true) !== tailSize
    )
      continue;
    const zip64 = await zip64Directory(source, tailStart + at);
    if (zip64 !== null) return zip64;
    const offset = view.getUint32(at + 16, true);
    const size = view.getUint32(at + 12, true);
    return { count: view.getUint16(at + 10, true), size, offset, end: tailStart + at };
  }
  throw new RangeError(`${source.name}: the end of the zip archive is missing: truncated`);
}

async function zip64Directory(source: OpenSource, endRecord: number): Promise<Directory | null> {
  if (endRecord < 20) return null;
  const locator = await source.read(endRecord - 20, 20);
  const locatorView = new DataView(locator.buffer, locator.byteOffset, 20);
  if (locatorView.getUint32(0, true) !== zip64LocatorSignature) return null;
  const missing = () => new RangeError(`${source.name}: broken zip archive: its zip64 record is missing`);
  const stated = Number(locatorView.getBigUint64(8, true));
  // Right before the locator, unless it has been made longer; where bytes stand before the archive, only that is known.
  for (const at of [endRecord - 20 - 56, stated]) {
    if (!(at >= 0 && at + 56 <= source.size)) continue;
    const bytes = await source.read(at, 56);
    const view = new DataView(bytes.buffer, bytes.byteOffset, 56);
    if (view.getUint32(0, true) !== zip64EndSignature) continue;
    const size = Number(view.getBigUint64(40, true));
    const offset = Number(view.getBigUint64(48, true));
    return { count: Number(view.getBigUint64(32, true)), size, offset, end: at };
  }
  throw missing();
}
