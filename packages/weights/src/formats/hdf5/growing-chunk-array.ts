/**
 * The chunks of a data set one of whose axes may grow for ever, in an extensible array (HDF5 File Format Specification 3.0, VII.D): the
 * first ones stand in its index block, the others in blocks of blocks that become larger, and there in pages where they are many.
 */
import { type ChunkGrid, chunkEntries } from './chunk-index.js';
import type { Chunk } from './chunks.js';
import type { StructureReader } from './dense-storage.js';

/** Signature, version, client and the header's address, which every block starts with. */
const prefixBytes = 14;
const checksumBytes = 4;

export async function growingChunkArray(reader: StructureReader, address: number, grid: ChunkGrid): Promise<Chunk[]> {
  const header = await reader.fields(address, 72);
  header.signature('EAHD');
  header.skip(1);
  const filtered = header.uint8() === 1;
  const entrySize = header.uint8();
  const mostBits = header.uint8();
  const inIndex = header.uint8();
  const smallest = header.uint8();
  const leastBlocks = header.uint8();
  const pageBits = header.uint8();
  header.skip(4 * 8);
  const used = header.place();
  header.skip(8);
  const index = header.uint64();
  const width = filtered ? entrySize - 12 : 0;
  const isPower = (value: number) => value > 0 && (value & (value - 1)) === 0;
  if (
    (filtered ? width < 1 || width > 8 : entrySize !== 8) ||
    mostBits > 64 ||
    pageBits > 31 ||
    !isPower(smallest) ||
    !isPower(leastBlocks) ||
    grid.largest.filter((size) => size === null).length !== 1
  )
    throw new RangeError('an array of chunks that cannot be');
  const chunks: Chunk[] = [];
  if (index === null) return chunks;
  reader.budget.entries(used);
  reader.budget.values(used * grid.chunk.length);
  const offsetBytes = Math.ceil(mostBits / 8);
  const pageLength = 2 ** pageBits;
  let first = 0;

  // Super block i has 2^(i/2) data blocks of 2^((i+1)/2) times the smallest length, both exponents rounded down.
  const superBlocks = 1 + mostBits - Math.log2(smallest);
  const inFront = 2 * Math.log2(leastBlocks);
  const blocksOf = (i: number) => 2 ** Math.floor(i / 2);
  const lengthOf = (i: number) => smallest * 2 ** Math.floor((i + 1) / 2);
  const frontBlocks = 2 * (leastBlocks - 1);
  const rest = Math.max(0, superBlocks - inFront);
  const block = await reader.fields(index, prefixBytes + inIndex * entrySize + 8 * (frontBlocks + rest));
  block.signature('EAIB');
  block.skip(prefixBytes - 4);
  take(block.within(block.take(inIndex * entrySize)), inIndex);
  // The index block has the addresses of the first data blocks, and those of the other super blocks.
  for (let i = 0; i < Math.min(inFront, superBlocks); i++)
    for (let n = 0; n < blocksOf(i); n++) await dataBlock(block.uint64(), lengthOf(i), null);
  for (let i = inFront; i < superBlocks && first < used; i++) await superBlock(block.uint64(), i);
  return chunks;

  /** Adds the next `count` chunks, as far as they are used. */
  function take(entries: typeof header, count: number): void {
    const end = Math.min(used, first + count);
    if (end > first) chunks.push(...chunkEntries(entries, first, end, width, grid));
    first += count;
  }

  async function superBlock(at: number | null, i: number): Promise<void> {
    const [count, length] = [blocksOf(i), lengthOf(i)];
    if (at === null) {
      first += count * length;
      return;
    }
    const pages = length > pageLength ? length / pageLength : 0;
    const bitmapBytes = Math.ceil(pages / 8);
    const fields = await reader.fields(at, prefixBytes + offsetBytes + count * (bitmapBytes + 8));
    fields.signature('EASB');
    fields.skip(prefixBytes - 4 + offsetBytes);
    const bitmaps = fields.take(count * bitmapBytes);
    for (let n = 0; n < count; n++)
      await dataBlock(fields.uint64(), length, bitmaps.subarray(n * bitmapBytes, (n + 1) * bitmapBytes));
  }

  /** @param present which pages were written, the first in the highest bit; null where the index block does not say */
  async function dataBlock(at: number | null, length: number, present: Uint8Array | null): Promise<void> {
    if (at === null || first >= used) {
      first += length;
      return;
    }
    const head = await reader.fields(at, prefixBytes + offsetBytes);
    head.signature('EADB');
    const start = at + prefixBytes + offsetBytes;
    if (length <= pageLength) {
      take(await reader.fields(start, length * entrySize), length);
      return;
    }
    for (let page = 0; page < length / pageLength; page++) {
      const written = present === null || ((present[page >> 3] ?? 0) >> (7 - (page & 7))) & 1;
      const pageAt = start + checksumBytes + page * (pageLength * entrySize + checksumBytes);
      if (written && first < used) take(await reader.fields(pageAt, pageLength * entrySize), pageLength);
      else first += pageLength;
    }
  }
}
