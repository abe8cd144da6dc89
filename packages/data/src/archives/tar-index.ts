import { open, stat } from 'node:fs/promises';
import { Header, Pax } from 'tar';
import { DataError } from '../data-error.js';
import type { ArchiveEntry } from './archive-entry.js';
import { BufferedFile } from './buffered-file.js';

const blockSize = 512;

/** The files of a .tar: its headers are read one after the other, the files skipped. */
export async function tarIndex(archive: string): Promise<ArchiveEntry[]> {
  const { size } = await stat(archive).catch((cause) => {
    throw new DataError(archive, `cannot be read (${cause instanceof Error ? cause.message : cause})`, { cause });
  });
  const file = await open(archive);
  try {
    const entries: ArchiveEntry[] = [];
    const buffered = new BufferedFile(file);
    let pax: Pax | undefined;
    let longPath: string | undefined;
    for (let offset = 0; offset < size; ) {
      if (offset + blockSize > size)
        throw new DataError(archive, `truncated tar: it ends in the header at byte ${offset}`);
      const block = await buffered.read(offset, blockSize);
      const header = parseHeader(archive, block, offset, pax);
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
        const text = await buffered.read(start, length);
        if (header.type === 'ExtendedHeader') pax = Pax.parse(text.toString('utf8'), pax);
        else longPath = text.toString('utf8').replace(/\0.*$/s, '');
      } else {
        if (header.type === 'File' || header.type === 'OldFile' || header.type === 'ContiguousFile')
          entries.push({
            path: (longPath ?? pax?.path ?? header.path ?? '').replace(/^\.\//, ''),
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

function parseHeader(archive: string, block: Buffer, offset: number, pax: Pax | undefined): Header {
  try {
    return new Header(block, 0, pax);
  } catch (cause) {
    throw new DataError(
      archive,
      `corrupt tar: header at byte ${offset} (${cause instanceof Error ? cause.message : cause})`,
      {
        cause,
      },
    );
  }
}
