/** Where the chunks of a data set are (HDF5 File Format Specification 3.0, III.A.1 and VII). */
import type { Chunk } from './chunks.js';
import { number, type StructureReader, treeRecords } from './dense-storage.js';
import type { Fields } from './messages.js';

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

/** How a data set is cut: sizes up to which its axes may grow, a chunk's, and a whole chunk's bytes. */
export interface ChunkGrid {
  /** At most one is null, which may grow for ever, where chunks are numbered. */
  readonly largest: readonly (number | null)[];
  readonly chunk: readonly number[];
  readonly bytes: number;
}

/** The place of chunk `index`, which are numbered in C order. An axis that may grow for ever counts as the first one. */
function placeOf(index: number, { largest, chunk }: ChunkGrid): number[] {
  const offset: number[] = largest.map(() => 0);
  let rest = index;
  for (let axis = largest.length - 1; axis >= 0; axis--) {
    const size = chunk[axis] ?? 1;
    const most = largest[axis] ?? null;
    if (most === null) continue;
    const count = Math.ceil(most / size);
    offset[axis] = (rest % count) * size;
    rest = Math.floor(rest / count);
  }
  const growing = largest.indexOf(null);
  if (growing >= 0) offset[growing] = rest * (chunk[growing] ?? 1);
  return offset;
}

function chunkCount({ largest, chunk }: ChunkGrid): number {
  return largest.reduce<number>((product, size, axis) => product * Math.ceil((size ?? 0) / (chunk[axis] ?? 1)), 1);
}

/** One chunk after another. */
export function consecutiveChunks({ size, budget }: StructureReader, address: number, grid: ChunkGrid): Chunk[] {
  const count = chunkCount(grid);
  if (!(address + count * grid.bytes <= size))
    throw new RangeError(`${count} chunks of ${grid.bytes} bytes at ${address} are outside of the file`);
  budget.entries(count);
  budget.values(count * grid.chunk.length);
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
  reader.budget.values(count * grid.chunk.length);
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
    chunks.push(...chunkEntries(await reader.fields(at, (to - from) * entrySize), from, to, width, grid));
  }
}

/** Chunks `from` to `to`, as arrays have them. @param width bytes of the number that says how many bytes are stored; 0: it is not there */
export function* chunkEntries(
  entries: Fields,
  from: number,
  to: number,
  width: number,
  grid: ChunkGrid,
): Generator<Chunk> {
  for (let index = from; index < to; index++) {
    const address = entries.uint64();
    const storedSize = width === 0 ? grid.bytes : number(entries.take(width));
    const mask = width === 0 ? 0 : entries.uint32();
    if (address !== null) yield { offset: placeOf(index, grid), address, storedSize, mask };
  }
}

/** From a B-tree of version 2, in which the places count in chunks. */
export async function newChunkTree(reader: StructureReader, address: number, grid: ChunkGrid): Promise<Chunk[]> {
  const rank = grid.chunk.length;
  const chunks: Chunk[] = [];
  for await (const record of treeRecords(reader, address)) {
    reader.budget.entries(1);
    const place = record.place();
    // Without a filter a record has nothing but the places.
    const width = record.left - 8 * rank === 0 ? 0 : record.left - 8 * rank - 4;
    if (width < 0 || width > 8) throw new RangeError(`a tree of chunks with ${record.left + 8} bytes for each`);
    const storedSize = width === 0 ? grid.bytes : number(record.take(width));
    const mask = width === 0 ? 0 : record.uint32();
    const offset = grid.chunk.map((size) => record.place() * size);
    chunks.push({ offset, address: place, storedSize, mask });
  }
  return chunks;
}
