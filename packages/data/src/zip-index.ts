import { type FileHandle, open } from 'node:fs/promises';
import yauzl from 'yauzl';
import type { ArchiveEntry } from './archive-index.js';
import { DataError } from './data-error.js';

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

/** yauzl asks for every entry by itself: one read of a large chunk answers for thousands. */
class BufferedReader extends yauzl.RandomAccessReader {
  readonly #file: FileHandle;
  #chunk = Buffer.alloc(0);
  #chunkStart = 0;

  constructor(file: FileHandle) {
    super();
    this.#file = file;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#load(position, length).then(
      () => {
        const start = position - this.#chunkStart;
        this.#chunk.copy(buffer, offset, start, start + length);
        callback(null);
      },
      (error) => callback(error),
    );
  }

  async #load(position: number, length: number): Promise<void> {
    if (position >= this.#chunkStart && position + length <= this.#chunkStart + this.#chunk.length) return;
    const chunk = Buffer.alloc(Math.max(length, 2 ** 20));
    const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, position);
    if (bytesRead < length) throw new Error(`it ends ${length - bytesRead} bytes too early`);
    this.#chunk = chunk.subarray(0, bytesRead);
    this.#chunkStart = position;
  }
}
