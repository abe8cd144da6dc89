/**
 * Links and attributes of an object that has many or large ones, as `libver='latest'` stores them: each is a message in a fractal
 * heap, found through a B-tree of version 2 (HDF5 File Format Specification 3.0, III.A.2 and III.G). The order of the tree does not
 * matter here: all are read.
 */
import type { Budget } from '@cnnzoo/files';
import type { Fields } from './messages.js';

/** Reads structures within the file and a budget. */
export interface StructureReader {
  /** Of the file in bytes. */
  readonly size: number;
  readonly budget: Budget;
  fields(address: number, length: number): Promise<Fields>;
}

/** Where a record of the tree has the identifier of its object in the heap. */
const identifierAt = { links: 4, attributes: 0 } as const;

/** The messages in the heap at `heap` that the tree at `index` lists. */
export async function* denseMessages(
  reader: StructureReader,
  kind: keyof typeof identifierAt,
  { heap, index }: { readonly heap: number; readonly index: number },
): AsyncGenerator<Uint8Array> {
  const open = await openHeap(reader, heap);
  for await (const record of treeRecords(reader, index)) {
    record.skip(identifierAt[kind]);
    yield await heapObject(reader, open, record.take(open.identifierSize));
  }
}

/** An unsigned number of up to 8 bytes. */
export function number(bytes: Uint8Array): number {
  const value = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  if (!Number.isSafeInteger(value)) throw new RangeError(`an offset or length of ${value}`);
  return value;
}

/** How many bytes a number up to `largest` takes. */
const bytesFor = (largest: number) => Math.floor(Math.log2(Math.max(largest, 1)) / 8) + 1;

/** All records of a B-tree of version 2. */
export async function* treeRecords(reader: StructureReader, address: number): AsyncGenerator<Fields> {
  const header = await reader.fields(address, 34);
  header.signature('BTHD');
  header.skip(2);
  const nodeSize = header.uint32();
  const recordSize = header.uint16();
  const depth = header.uint16();
  header.skip(2);
  const root = header.uint64();
  const rootRecords = header.uint16();
  if (depth > 16 || recordSize === 0 || nodeSize < 10 + recordSize) throw new RangeError('a tree that cannot be');
  if (root === null) return;
  // Widths of a child's counts: of its own records and, above the leaves, of all below it.
  const leafRecords = Math.floor((nodeSize - 10) / recordSize);
  const countSize = bytesFor(leafRecords);
  const totalSizes = [0];
  for (let level = 1, total = leafRecords; level < depth; level++) {
    const pointer = 8 + countSize + (totalSizes[level - 1] ?? 0);
    const records = Math.floor((nodeSize - 10 - pointer) / (recordSize + pointer));
    total = (records + 1) * total + records;
    totalSizes.push(bytesFor(total));
  }
  yield* visit(root, rootRecords, depth);

  async function* visit(at: number, count: number, level: number): AsyncGenerator<Fields> {
    const totalSize = totalSizes[level - 1] ?? 0;
    const children = level === 0 ? 0 : (count + 1) * (8 + countSize + totalSize);
    const node = await reader.fields(at, 6 + count * recordSize + children);
    node.signature(level === 0 ? 'BTLF' : 'BTIN');
    node.skip(2);
    const records = node.take(count * recordSize);
    for (let i = 0; i < count; i++) yield node.within(records.subarray(i * recordSize, (i + 1) * recordSize));
    for (let child = 0; level > 0 && child <= count; child++) {
      const childAddress = node.place();
      const childCount = number(node.take(countSize));
      node.skip(totalSize);
      yield* visit(childAddress, childCount, level - 1);
    }
  }
}

interface Heap {
  readonly identifierSize: number;
  readonly offsetSize: number;
  readonly lengthSize: number;
  /** The tree of objects that are larger than a block, or null. */
  readonly huge: number | null;
  readonly width: number;
  readonly firstBlock: number;
  readonly largestBlock: number;
  readonly root: number | null;
  /** Of the root, if that is a block of blocks; 0 where it is the only block. */
  readonly rows: number;
  /** Blocks of blocks that were read, by address: the addresses of their blocks, row by row. */
  readonly tables: Map<number, Uint8Array>;
}

async function openHeap(reader: StructureReader, address: number): Promise<Heap> {
  const header = await reader.fields(address, 142);
  header.signature('FRHP');
  header.skip(1);
  const identifierSize = header.uint16();
  if (header.uint16() !== 0) throw new TypeError('a compressed heap, which is not supported');
  header.skip(1);
  const largestObject = header.uint32();
  header.skip(8);
  const huge = header.uint64();
  header.skip(8 * 10);
  const width = header.uint16();
  const firstBlock = header.place();
  const largestBlock = header.place();
  const bits = header.uint16();
  header.skip(2);
  const root = header.uint64();
  const rows = header.uint16();
  const power = (size: number) => size > 0 && Number.isInteger(Math.log2(size));
  if (!power(width) || !power(firstBlock) || !power(largestBlock) || firstBlock > largestBlock || bits > 64)
    throw new RangeError('a heap whose blocks cannot be');
  const lengthSize = Math.min(Math.ceil(Math.log2(largestBlock) / 8), bytesFor(largestObject));
  const offsetSize = Math.ceil(bits / 8);
  const tables = new Map<number, Uint8Array>();
  return { identifierSize, offsetSize, lengthSize, huge, width, firstBlock, largestBlock, root, rows, tables };
}

async function heapObject(reader: StructureReader, heap: Heap, identifier: Uint8Array): Promise<Uint8Array> {
  const [flags = 0] = identifier;
  const kind = (flags >> 4) & 3;
  const { offsetSize, lengthSize } = heap;
  if (kind === 0) {
    const offset = number(identifier.subarray(1, 1 + offsetSize));
    const length = number(identifier.subarray(1 + offsetSize, 1 + offsetSize + lengthSize));
    return (await reader.fields(await managedAddress(reader, heap, offset), length)).bytes;
  }
  if (kind === 1) return hugeObject(reader, heap, identifier.subarray(1));
  // Within the identifier itself.
  if (kind === 2) return identifier.subarray(1, 2 + (flags & 15));
  throw new TypeError('an object of a heap of an unknown kind');
}

async function hugeObject(reader: StructureReader, { huge }: Heap, identifier: Uint8Array): Promise<Uint8Array> {
  if (identifier.length >= 16)
    return (await reader.fields(number(identifier.subarray(0, 8)), number(identifier.subarray(8, 16)))).bytes;
  const wanted = number(identifier.subarray(0, 8));
  if (huge !== null)
    for await (const record of treeRecords(reader, huge)) {
      const address = record.place();
      const length = record.place();
      if (record.place() === wanted) return (await reader.fields(address, length)).bytes;
    }
  throw new RangeError(`a large object ${wanted} that is not in its heap`);
}

/** Blocks double in size from row to row, except the first two; rows above the largest block are blocks of blocks again. */
async function managedAddress(reader: StructureReader, heap: Heap, offset: number): Promise<number> {
  const { width, firstBlock, largestBlock, offsetSize } = heap;
  const blockSize = (row: number) => firstBlock * 2 ** Math.max(row - 1, 0);
  const rowStart = (row: number) => (row === 0 ? 0 : width * blockSize(row));
  const directRows = Math.log2(largestBlock / firstBlock) + 2;
  if (heap.root === null) throw new RangeError('an object of an empty heap');
  let address = heap.root;
  let rows = heap.rows;
  let within = offset;
  // Each round enters a smaller block.
  while (rows > 0) {
    let row = 0;
    while (row + 1 < rows && within >= rowStart(row + 1)) row++;
    const column = Math.floor((within - rowStart(row)) / blockSize(row));
    if (column >= width || rows > 64) throw new RangeError(`an object at ${offset}, beyond the end of its heap`);
    address = number((await table(address, rows)).subarray((row * width + column) * 8, (row * width + column + 1) * 8));
    within -= rowStart(row) + column * blockSize(row);
    const inner = row < directRows ? 0 : Math.log2(blockSize(row) / (firstBlock * width)) + 1;
    if (inner >= rows) throw new RangeError('a heap whose blocks cannot be');
    rows = inner;
  }
  return address + within;

  async function table(at: number, rows: number): Promise<Uint8Array> {
    const known = heap.tables.get(at);
    if (known !== undefined) return known;
    const block = await reader.fields(at, 13 + offsetSize + rows * width * 8);
    block.signature('FHIB');
    block.skip(9 + offsetSize);
    const addresses = block.take(rows * width * 8);
    heap.tables.set(at, addresses);
    return addresses;
  }
}
