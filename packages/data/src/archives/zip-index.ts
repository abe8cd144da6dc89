import { type FileHandle, open } from 'node:fs/promises';
import yauzl from 'yauzl';
import { DataError } from '../data-error.js';
import type { ArchiveEntry } from './archive-entry.js';
import { BufferedFile } from './buffered-file.js';

/** The files of a .zip: its directory is read, not the files. */
export async function zipIndex(archive: string): Promise<ArchiveEntry[]> {
  const file = await open(archive).catch((cause) => {
    throw new DataError(archive, `cannot be read (${cause instanceof Error ? cause.message : cause})`, { cause });
  });
  try {
    return await readDirectory(archive, file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

function readDirectory(archive: string, file: FileHandle, size: number): Promise<ArchiveEntry[]> {
  const corrupt = (cause: unknown) =>
    new DataError(archive, `no readable zip (${cause instanceof Error ? cause.message : cause})`, { cause });
  return new Promise((resolve, reject) => {
    const reader = new BufferedReader(file);
    // yauzl refuses entries whose paths climb out, too.
    yauzl.fromRandomAccessReader(reader, size, { autoClose: false }, (error, zip) => {
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

/** Lets yauzl, which asks for every entry by itself, read in chunks. */
class BufferedReader extends yauzl.RandomAccessReader {
  readonly #file: BufferedFile;

  constructor(file: FileHandle) {
    super();
    this.#file = new BufferedFile(file);
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#file.read(position, length).then(
      (bytes) => {
        bytes.copy(buffer, offset);
        callback(null);
      },
      (error) => callback(error),
    );
  }
}
