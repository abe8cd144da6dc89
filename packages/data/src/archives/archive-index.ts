import {
  addressOf,
  type OpenSource,
  openSource,
  type ReadLimits,
  readBudget,
  readZipDirectory,
  type Source,
  shownAddress,
} from '@cnnzoo/files';
import { DataError } from '../data-error.js';
import type { ArchiveListing } from './archive-entry.js';
import { tarListing } from './tar-listing.js';

/** Linux has no longer paths either. */
const longestPath = 4096;

/**
 * What a .zip or .tar holds, without unpacking it. Its first bytes say which it is.
 * @throws DataError where it is no such archive, is truncated or corrupt, an entry's path climbs out of the folder, or it has more
 *   entries than its size and the limits allow
 */
export async function archiveListing(archive: Source, limits: ReadLimits | undefined): Promise<ArchiveListing> {
  const name = sourceName(archive);
  try {
    const source = await openSource(archive);
    const budget = readBudget(source.name, source.size, limits);
    const kind = await archiveKind(source, name);
    const listing = kind === 'tar' ? await tarListing(source, budget) : await zipListing(source, budget);
    for (const path of [...listing.files.map((file) => file.path), ...listing.folders, ...listing.others]) {
      if (path.length > longestPath)
        throw new Error(
          `the path of an entry has ${path.length} characters: '${path.slice(0, 100)}…', at most ${longestPath} are allowed`,
        );
      if (path.startsWith('/') || /^[a-z]:/i.test(path) || path.split(/[\\/]/).includes('..'))
        throw new Error(`the path of its entry '${path}' climbs out of the folder`);
    }
    return listing;
  } catch (cause) {
    throw asDataError(name, cause);
  }
}

/** How messages call a source: an address without its query, which may hold keys. */
export function sourceName(source: Source): string {
  if (typeof source === 'string' || source instanceof URL)
    return addressOf(source) === null ? String(source) : shownAddress(source);
  return source instanceof Blob
    ? 'the given Blob'
    : source instanceof Uint8Array
      ? 'the given bytes'
      : 'the given source';
}

/** An error of reading a file as a DataError that names the file once. */
export function asDataError(name: string, cause: unknown): DataError {
  if (cause instanceof DataError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new DataError(name, message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message, { cause });
}

/** Whether a file begins as an archive does; where it does not, its name decides: a zip may have other bytes in front. */
async function archiveKind(source: OpenSource, name: string): Promise<'zip' | 'tar'> {
  const bytes = await source.read(0, Math.min(source.size, 262));
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (head.startsWith('PK\x03\x04') || head.startsWith('PK\x05\x06')) return 'zip';
  if (head.startsWith('ustar', 257)) return 'tar';
  if (head.startsWith('\x1f\x8b') || head.startsWith('BZh') || head.startsWith('\xfd7zXZ'))
    throw new Error('a packed tar cannot be read in any order; unpack it to .tar first');
  return /\.tar$/i.test(name) ? 'tar' : 'zip';
}

async function zipListing(source: OpenSource, budget: Parameters<typeof readZipDirectory>[1]): Promise<ArchiveListing> {
  const entries = await readZipDirectory(source, budget, true);
  const isFolder = ({ name }: { readonly name: string }) => name.endsWith('/');
  return {
    files: entries
      .filter((entry) => !isFolder(entry))
      .map(({ name, header, storedSize, size, method, encrypted, crc32 }) => ({
        path: name,
        part: {
          format: 'zip',
          offset: header,
          compressedSize: storedSize,
          size,
          compression: encrypted ? 'other' : method === 0 ? 'stored' : method === 8 ? 'deflated' : 'other',
          crc32,
        },
      })),
    folders: entries.filter(isFolder).map(({ name }) => name.slice(0, -1)),
    others: [],
  };
}
