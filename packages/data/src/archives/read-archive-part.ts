import { closeSync, openSync, readSync } from 'node:fs';
import { crc32, inflateRawSync } from 'node:zlib';
import { DataError } from '../data-error.js';
import type { ArchivePart } from './archive-entry.js';

const localHeaderSize = 30;

/**
 * The bytes of a file in an archive, unpacked and checked. Reads synchronously: the loader's workers have nothing else to do
 * meanwhile.
 * @throws DataError where the archive is not as its directory said
 */
export function readArchivePart(path: string, part: ArchivePart, name: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    if (part.format === 'tar') return readExactly(file, part.offset, part.size, name);
    // A zip entry starts with a header of its own, whose name and extra field may differ from the directory's in length.
    const header = readExactly(file, part.offset, localHeaderSize, name);
    if (header.readUInt32LE(0) !== 0x04034b50)
      throw new DataError(name, 'corrupt zip: no local header where its directory says');
    const start = part.offset + localHeaderSize + header.readUInt16LE(26) + header.readUInt16LE(28);
    const packed = readExactly(file, start, part.compressedSize, name);
    const bytes =
      part.compression === 'stored' ? packed : inflateRawSync(packed, { maxOutputLength: Math.max(1, part.size) });
    if (bytes.length !== part.size)
      throw new DataError(name, `corrupt zip: ${bytes.length} bytes, its directory says ${part.size}`);
    if (part.crc32 !== undefined && crc32(bytes) !== part.crc32) throw new DataError(name, 'corrupt zip: wrong CRC-32');
    return bytes;
  } finally {
    closeSync(file);
  }
}

function readExactly(file: number, offset: number, length: number, name: string): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  const read = readSync(file, bytes, 0, length, offset);
  if (read !== length) throw new DataError(name, `truncated: the archive ends after ${read} of ${length} bytes`);
  return bytes;
}
