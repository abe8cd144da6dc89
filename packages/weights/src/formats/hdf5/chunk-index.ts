/** Where the chunks of a data set are (HDF5 File Format Specification 3.0, III.A.1 and VII). */
import type { Chunk } from './chunks.js';
import type { StructureReader } from './dense-storage.js';

/** From a B-tree of version 1, whose keys have the chunks' places. */
export async function chunkTree(reader: StructureReader, root: number, rank: number): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  await visit(root, 0);
  return chunks;

  async function visit(address: number, depth: number): Promise<void> {
    if (depth > 32) throw new RangeError('a tree of chunks that is too deep');
    const node = await reader.fields(address, 24);
    node.signature('TREE');
    if (node.uint8() !== 1) throw new TypeError(`no tree of chunks at ${address}`);
    const level = node.uint8();
    const count = node.uint16();
    const keySize = 8 + (rank + 1) * 8;
    const entries = await reader.fields(address + 24, count * (keySize + 8));
    for (let i = 0; i < count; i++) {
      const storedSize = entries.uint32();
      const mask = entries.uint32();
      const offset = Array.from({ length: rank }, () => entries.place());
      entries.skip(8);
      const child = entries.place();
      if (level > 0) {
        await visit(child, depth + 1);
        continue;
      }
      reader.budget.entries(1);
      chunks.push({ offset, address: child, storedSize, mask });
    }
  }
}

/** How a data set is cut: its sizes, a chunk's, and a whole chunk's bytes. */
export interface ChunkGrid {
  readonly shape: readonly number[];
  readonly chunk: readonly number[];
  readonly bytes: number;
}

/** The place of chunk `index`, which are numbered in C order. */
function placeOf(index: number, { shape, chunk }: ChunkGrid): number[] {
  const offset: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = chunk[axis] ?? 1;
    const count = Math.ceil((shape[axis] ?? 1) / size);
    offset.unshift((rest % count) * size);
    rest = Math.floor(rest / count);
  }
  return offset;
}

function chunkCount({ shape, chunk }: ChunkGrid): number {
  return shape.reduce((product, size, axis) => product * Math.ceil(size / (chunk[axis] ?? 1)), 1);
}

/** One chunk after another. */
export function consecutiveChunks({ size, budget }: StructureReader, address: number, grid: ChunkGrid): Chunk[] {
  const count = chunkCount(grid);
  if (!(address + count * grid.bytes <= size))
    throw new RangeError(`${count} chunks of ${grid.bytes} bytes at ${address} are outside of the file`);
  budget.entries(count);
  budget.values(count * grid.shape.length);
  return Array.from({ length: count }, (_, i) => ({
    offset: placeOf(i, grid),
    address: address + i * grid.bytes,
    storedSize: grid.bytes,
    mask: 0,
  }));
}

/** From a fixed array, which has the chunks' addresses in C order; a long one in pages that may be missing. */
export async function chunkArray(reader: StructureReader, address: number, grid: ChunkGrid): Promise<Chunk[]> {
  const header = await reader.fields(address, 28);
  header.signature('FAHD');
  header.skip(1);
  const filtered = header.uint8() === 1;
  const entrySize = header.uint8();
  const pageBits = header.uint8();
  const count = header.place();
  const block = header.uint64();
  const width = filtered ? entrySize - 12 : 0;
  if (count !== chunkCount(grid) || (filtered ? width < 1 || width > 8 : entrySize !== 8) || pageBits > 31)
    throw new RangeError(`an array of ${count} chunks, expected ${chunkCount(grid)}`);
  if (block === null) return [];
  reader.budget.entries(count);
  reader.budget.values(count * grid.shape.length);
  const pageLength = 2 ** pageBits;
  const pages = count > pageLength ? Math.ceil(count / pageLength) : 0;
  const bitmapSize = Math.ceil(pages / 8);
  const prefix = await reader.fields(block, 14 + bitmapSize);
  prefix.signature('FADB');
  prefix.skip(10);
  const bitmap = prefix.take(bitmapSize);
  const chunks: Chunk[] = [];
  if (pages === 0) await readEntries(block + 14, 0, count);
  for (let page = 0; page < pages; page++) {
    // Pages have their checksum behind them, as has the part before them. The bitmap's first bit is the highest one.
    const at = block + 14 + bitmapSize + 4 + page * (pageLength * entrySize + 4);
    const present = ((bitmap[page >> 3] ?? 0) >> (7 - (page & 7))) & 1;
    if (present === 1) await readEntries(at, page * pageLength, Math.min(count, (page + 1) * pageLength));
  }
  return chunks;

  async function readEntries(at: number, from: number, to: number): Promise<void> {
    const entries = await reader.fields(at, (to - from) * entrySize);
    for (let i = from; i < to; i++) {
      const chunkAddress = entries.uint64();
      let storedSize = grid.bytes;
      let mask = 0;
      if (filtered) {
        storedSize = entries.take(width).reduceRight((sum, byte) => sum * 256 + byte, 0);
        mask = entries.uint32();
      }
      if (chunkAddress !== null) chunks.push({ offset: placeOf(i, grid), address: chunkAddress, storedSize, mask });
    }
  }
}
