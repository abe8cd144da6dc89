import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32, inflateRawSync } from 'node:zlib';
import { DataError } from '../data-error.js';
import type { ArchivePart } from './archive-entry.js';

const localHeaderSize = 30;

/** An image unpacks to no more than this, and to no more than 100 times its bytes in the archive where it is large. */
export const maxEntryBytes = 256 * 2 ** 20;
const largeEntryBytes = 64 * 2 ** 20;

/** Reads a part of the archive. */
type ReadExactly = (offset: number, length: number) => Buffer;

/**
 * The bytes of a file in an archive, unpacked and checked. Reads synchronously: the loader's workers have nothing else to do
 * meanwhile.
 * @param archive its path, or its bytes
 * @throws DataError where the archive is not as its directory said
 */
export function readArchivePart(archive: string | Uint8Array, part: ArchivePart, name: string): Uint8Array {
  if (part.size > maxEntryBytes || (part.size > largeEntryBytes && part.size > 100 * part.compressedSize))
    throw new DataError(name, `it unpacks from ${part.compressedSize} to ${part.size} bytes, too many for an image`);
  if (typeof archive !== 'string')
    return readPart((offset, length) => exactly(archive.subarray(offset, offset + length), length, name), part, name);
  const file = openSync(archive, 'r');
  try {
    const { size } = fstatSync(file);
    return readPart(
      (offset, length) => {
        // Before it is allocated.
        if (offset + length > size)
          throw new DataError(
            name,
            `truncated: the archive ends after ${Math.max(0, size - offset)} of ${length} bytes`,
          );
        const bytes = Buffer.allocUnsafe(length);
        return exactly(bytes.subarray(0, readSync(file, bytes, 0, length, offset)), length, name);
      },
      part,
      name,
    );
  } finally {
    closeSync(file);
  }
}

function exactly(bytes: Uint8Array, length: number, name: string): Buffer {
  if (bytes.length !== length)
    throw new DataError(name, `truncated: the archive ends after ${bytes.length} of ${length} bytes`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readPart(read: ReadExactly, part: ArchivePart, name: string): Uint8Array {
  if (part.format === 'tar') return read(part.offset, part.size);
  if (part.compression === 'other')
    throw new DataError(name, 'it is encrypted, or packed by another method than deflate');
  // A zip entry starts with a header of its own, whose name and extra field may differ from the directory's in length.
  const header = read(part.offset, localHeaderSize);
  if (header.readUInt32LE(0) !== 0x04034b50)
    throw new DataError(name, 'corrupt zip: no local header where its directory says');
  const start = part.offset + localHeaderSize + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = read(start, part.compressedSize);
  const bytes =
    part.compression === 'stored' ? packed : inflateRawSync(packed, { maxOutputLength: Math.max(1, part.size) });
  if (bytes.length !== part.size)
    throw new DataError(name, `corrupt zip: ${bytes.length} bytes, its directory says ${part.size}`);
  if (part.crc32 !== undefined && crc32(bytes) !== part.crc32) throw new DataError(name, 'corrupt zip: wrong CRC-32');
  return bytes;
}
