import { DataError } from '../data-error.js';
import type { ArchiveEntry } from './archive-entry.js';
import { tarIndex } from './tar-index.js';
import { zipIndex } from './zip-index.js';

/** A picture unpacks to no more than this; an entry that says more is a bomb. */
const maxEntryBytes = 256 * 2 ** 20;

/**
 * The files of a .zip or .tar, without unpacking it.
 * @throws DataError where it is no such archive, is truncated or corrupt, or an entry's path climbs out of the folder
 */
export async function archiveIndex(archive: string): Promise<ArchiveEntry[]> {
  const entries = await (archive.toLowerCase().endsWith('.zip') ? zipIndex(archive) : tarIndex(archive));
  for (const { path, part } of entries) {
    if (path.startsWith('/') || /^[a-z]:/i.test(path) || path.split(/[\\/]/).includes('..'))
      throw new DataError(archive, `the path of its entry '${path}' climbs out of the folder`);
    if (part.size > maxEntryBytes)
      throw new DataError(
        archive,
        `its entry '${path}' unpacks to ${part.size} bytes, at most ${maxEntryBytes} are allowed`,
      );
  }
  return entries;
}
