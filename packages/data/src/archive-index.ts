import { open, stat } from 'node:fs/promises';
import { Header, Pax } from 'tar';
import yauzl from 'yauzl';
import { DataError } from './data-error.js';
import type { ArchivePart } from './dataset.js';

/** A file in an archive: its path there, with forward slashes, and where its bytes are. */
export interface ArchiveEntry {
  readonly path: string;
  readonly part: ArchivePart;
}

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

async function zipIndex(archive: string): Promise<ArchiveEntry[]> {
  const corrupt = (cause: unknown) =>
    new DataError(archive, `no readable zip (${cause instanceof Error ? cause.message : cause})`, { cause });
  return new Promise((resolve, reject) => {
    // yauzl checks entries' paths itself, but calls the first bad one an error of the archive.
    yauzl.open(archive, { lazyEntries: false, autoClose: true, decodeStrings: true }, (error, zip) => {
      if (error) {
        reject(corrupt(error));
        return;
      }
      const entries: ArchiveEntry[] = [];
      zip.on('error', (cause) => reject(corrupt(cause)));
      zip.on('entry', (entry: yauzl.Entry) => {
        if (entry.fileName.endsWith('/')) return;
        if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
          reject(
            new DataError(
              archive,
              `its entry '${entry.fileName}' is packed by method ${entry.compressionMethod}, expected 0 or 8`,
            ),
          );
          return;
        }
        entries.push({
          path: entry.fileName,
          part: {
            format: 'zip',
            offset: entry.relativeOffsetOfLocalHeader,
            compressedSize: entry.compressedSize,
            size: entry.uncompressedSize,
            compression: entry.compressionMethod === 0 ? 'stored' : 'deflated',
            crc32: entry.crc32,
          },
        });
      });
      zip.on('end', () => resolve(entries));
    });
  });
}

const blockSize = 512;

async function tarIndex(archive: string): Promise<ArchiveEntry[]> {
  const { size } = await stat(archive).catch((cause) => {
    throw new DataError(archive, `cannot be read (${cause instanceof Error ? cause.message : cause})`, { cause });
  });
  const file = await open(archive);
  try {
    const entries: ArchiveEntry[] = [];
    const block = Buffer.alloc(blockSize);
    let pax: Pax | undefined;
    let longPath: string | undefined;
    for (let offset = 0; offset < size; ) {
      const { bytesRead } = await file.read(block, 0, blockSize, offset);
      if (bytesRead < blockSize) throw new DataError(archive, `truncated tar: it ends in the header at byte ${offset}`);
      const header = new Header(block, 0, pax, undefined);
      if (header.nullBlock) break;
      if (!header.cksumValid)
        throw new DataError(archive, `no readable tar: wrong checksum in the header at byte ${offset}`);
      const length = header.size ?? 0;
      const start = offset + blockSize;
      if (start + length > size)
        throw new DataError(
          archive,
          `truncated tar: its entry '${header.path}' ends at byte ${start + length}, the file at ${size}`,
        );
      if (header.type === 'ExtendedHeader' || header.type === 'NextFileHasLongPath') {
        if (length > 2 ** 20) throw new DataError(archive, `corrupt tar: a header of ${length} bytes`);
        const text = Buffer.alloc(length);
        await file.read(text, 0, length, start);
        if (header.type === 'ExtendedHeader') pax = Pax.parse(text.toString('utf8'), pax);
        else longPath = text.toString('utf8').replace(/\0.*$/s, '');
      } else {
        if (header.type === 'File' || header.type === 'OldFile' || header.type === 'ContiguousFile')
          entries.push({
            path: (longPath ?? header.path ?? '').replace(/^\.\//, ''),
            part: { format: 'tar', offset: start, compressedSize: length, size: length, compression: 'stored' },
          });
        pax = undefined;
        longPath = undefined;
      }
      offset = start + Math.ceil(length / blockSize) * blockSize;
    }
    return entries;
  } finally {
    await file.close();
  }
}
