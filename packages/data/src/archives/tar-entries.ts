import type { Budget } from '@cnnzoo/files';
import type { ByteReader } from './byte-reader.js';
import { tarHeader } from './tar-header.js';

/** One entry of a .tar. */
export interface TarEntry {
  /** As the archive has it. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'symbolic link' | 'other';
  /** Where a link leads. */
  readonly target: string;
  /** Of its first byte. */
  readonly offset: number;
  readonly size: number;
  /** Its bytes. Only until the next entry is asked for, and once. */
  read(): Promise<Uint8Array>;
}

const blockSize = 512;
/** Paths and extended headers are shorter than this. */
const maxHeaderBytes = 2 ** 20;

/** By the types of headers. */
const kinds: Readonly<Record<string, TarEntry['kind']>> = {
  '0': 'file',
  // Contiguous, where that means something.
  '7': 'file',
  '5': 'folder',
  '1': 'link',
  '2': 'symbolic link',
};

/**
 * The entries of a .tar one after the other, with the long names of GNU and pax. What is not read is left out.
 * @throws Error where the archive is truncated or corrupt, or has a sparse file; RangeError where it has more entries than its size and the
 *   limits allow
 */
export async function* tarEntries(
  reader: ByteReader,
  budget: Pick<Budget, 'entries'>,
): AsyncGenerator<TarEntry, void, undefined> {
  let pax: PaxRecords = {};
  let longPath: string | undefined;
  let longTarget: string | undefined;
  for (;;) {
    const at = reader.position;
    const block = await reader.read(blockSize);
    if (block.length === 0) return;
    if (block.length < blockSize) throw new Error(`truncated tar: it ends in the header at byte ${at}`);
    budget.entries(1);
    const header = tarHeader(block, at);
    if (header === null) return;
    const { type } = header;
    const start = reader.position;
    const extension = extensions.has(type);
    const size = (extension ? undefined : pax.size) ?? header.size;
    const path = extension ? '' : (longPath ?? pax.path ?? header.path);
    const truncated = (end: number) =>
      new Error(`truncated tar: its entry '${path || header.path}' ends at byte ${start + size}, the file at ${end}`);
    if (reader.size !== undefined && !(start + size <= reader.size)) throw truncated(reader.size);
    let done = 0;
    const read = async () => {
      const bytes = await reader.read(size);
      done = bytes.length;
      if (done < size) throw truncated(start + done);
      return bytes;
    };
    if (extension) {
      if (size > maxHeaderBytes) throw new Error(`corrupt tar: a header of ${size} bytes`);
      const bytes = await read();
      if (type === 'x' || type === 'X') pax = { ...pax, ...paxRecords(bytes) };
      else if (type === 'L') longPath = untilZero(bytes);
      else if (type === 'K') longTarget = untilZero(bytes);
    } else {
      if (type === 'S' || pax.sparse)
        throw new Error(`its entry '${path}' is a sparse file, which is not read: pack it again without --sparse`);
      const target = longTarget ?? pax.linkpath ?? header.target;
      [pax, longPath, longTarget] = [{}, undefined, undefined];
      yield { path, kind: kinds[type] ?? 'other', target, offset: start, size, read };
    }
    const rest = size - done;
    if ((await reader.skip(rest)) < rest) throw truncated(reader.position);
    // The last entry of a stream that was cut off may lack what fills its block.
    await reader.skip((blockSize - (size % blockSize)) % blockSize);
  }
}

/** Headers that say something of the entry after them, or of all: pax' extended ones, and GNU's long path and link. */
const extensions: ReadonlySet<string> = new Set(['x', 'X', 'g', 'L', 'K']);

/** What an extended header says of the entry after it, as far as it matters here. */
interface PaxRecords {
  readonly path?: string;
  readonly linkpath?: string;
  readonly size?: number;
  readonly sparse?: true;
}

/** Records of `LENGTH KEY=VALUE\n`, whose length is that of the whole record: a value may hold line ends. */
function paxRecords(bytes: Uint8Array): PaxRecords {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: { path?: string; linkpath?: string; size?: number; sparse?: true } = {};
  for (let at = 0; at < text.length; ) {
    const space = text.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(text.toString('latin1', at, Math.min(space, at + 20)));
    const equals = text.indexOf(0x3d, space);
    if (!(length > 0 && equals > 0 && equals < at + length && at + length <= text.length)) break;
    const key = text.toString('utf8', space + 1, equals);
    const value = () => text.toString('utf8', equals + 1, at + length - 1);
    if (key === 'path' || key === 'linkpath') records[key] = value().replace(/\0.*$/s, '');
    else if (key === 'size' && /^\d+$/.test(value())) records.size = Number(value());
    else if (key.startsWith('GNU.sparse.')) records.sparse = true;
    at += length;
  }
  return records;
}

function untilZero(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.buffer, bytes.byteOffset, end < 0 ? bytes.length : end).toString('utf8');
}
