/**
 * Reads the HDF5 files that h5py writes: groups, numeric data sets and text attributes, in every layout that a data set
 * can have. Why not a library: h5wasm 0.10.3, the HDF5 library as WebAssembly, did not return from some damaged files, cannot be
 * stopped but by ending its thread, and copies each data set into its own memory; jsfive reads whole files only and bounds nothing.
 * This finds where the values are, so that they are read in place, and reads every structure within a budget.
 */
import { type Budget, type OpenSource, openSource } from '@cnnzoo/files';
import { elementCount, shapeText } from '../../state-dict/dtype.js';
import type { StateTensor } from '../../state-dict/state-dict.js';

import { storedTensor } from '../stored-tensor.js';
import { chunkArray, chunkTree, consecutiveChunks, newChunkTree } from './chunk-index.js';
import { type Chunk, readChunks } from './chunks.js';
import { denseMessages } from './dense-storage.js';
import { readGlobalHeap, variableTextHeaps } from './global-heap.js';
import { growingChunkArray } from './growing-chunk-array.js';
import {
  type Dataspace,
  type Datatype,
  Fields,
  type Layout,
  parseAttribute,
  parseDataspace,
  parseDatatype,
  parseFillValue,
  parseFilters,
  parseLayout,
} from './messages.js';
import { densePlace, headerMessages, parseLink } from './object-header.js';
import { addGroupMembers, readLocalHeap } from './old-group.js';

/** A group or a data set. */
export interface Hdf5Object {
  /** Text attributes by name. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** Addresses of its members by name; null for a data set. */
  readonly members: ReadonlyMap<string, number> | null;
  /** null for a group. */
  readonly dataset: {
    readonly space: Dataspace;
    readonly type: Datatype;
    readonly layout: Layout;
    readonly filters: readonly number[];
    /** The element that stands where no chunk was written; null: zero. */
    readonly fill: Uint8Array | null;
  } | null;
}

export interface Hdf5File {
  readonly root: Hdf5Object;
  /** The member at a path such as 'conv1/kernel:0', or null. */
  find(group: Hdf5Object, path: string): Promise<Hdf5Object | null>;
  /** The values of a data set. */
  read(name: string, object: Hdf5Object): Promise<StateTensor>;
}

const signature = '\u0089HDF\r\n\u001a\n';
/** Structures count as one value, and one more for each of these bytes: cycles and overlaps in damaged files end so. */
const bytesOfValue = 64;

/** @throws TypeError or RangeError naming the source, for files that are no HDF5, are damaged or use what h5py does not write by default */
export async function openHdf5(source: OpenSource, budget: Budget): Promise<Hdf5File> {
  const reader = new Reader(source, budget);
  const base = await findSuperblock(source);
  const root = await reader.object(await rootAddress(reader, base));
  return {
    root,
    find: (group, path) => reader.find(group, path),
    read: (name, object) => reader.dataset(name, object),
  };
}

/** The signature is at 0 or, after a user block, at 512, 1024, … */
async function findSuperblock(source: OpenSource): Promise<number> {
  for (let at = 0; at + 8 <= source.size && at <= 2 ** 20; at = at === 0 ? 512 : at * 2) {
    const bytes = await source.read(at, 8);
    if (String.fromCharCode(...bytes) === signature) return at;
  }
  throw new TypeError('no HDF5 file: its signature is missing');
}

async function rootAddress(reader: Reader, base: number): Promise<number> {
  if (base !== 0) throw new TypeError('a user block before the HDF5 file, which is not supported');
  const fields = await reader.fields(base, Math.min(96, reader.size - base));
  fields.skip(8);
  const version = fields.uint8();
  if (version > 3) throw new TypeError(`a superblock of version ${version}`);
  const old = version < 2;
  if (old) fields.skip(4);
  if (fields.uint8() !== 8 || fields.uint8() !== 8) throw new TypeError('addresses that do not have 8 bytes');
  fields.skip(old ? 9 : 1);
  if (version === 1) fields.skip(4);
  fields.skip(16);
  const end = fields.place();
  if (end > reader.size) throw new RangeError(`the file has ${reader.size} bytes, expected ${end}: truncated`);
  // The old one has the driver's address and the root's name before it.
  if (old) fields.skip(16);
  return fields.place();
}

class Reader {
  constructor(
    readonly source: OpenSource,
    readonly budget: Budget,
  ) {}
  get size(): number {
    return this.source.size;
  }

  async fields(address: number, length: number): Promise<Fields> {
    if (!(address >= 0 && length >= 0 && address + length <= this.size))
      throw new RangeError(`${length} bytes at ${address} are outside of the file of ${this.size}`);
    this.budget.values(1 + Math.floor(length / bytesOfValue));
    return new Fields(await this.source.read(address, length));
  }

  /** Values of a data set, which are no structures. */
  async bytes(address: number, length: number): Promise<Uint8Array> {
    if (!(address >= 0 && length >= 0 && address + length <= this.size))
      throw new RangeError(`${length} bytes at ${address} are outside of the file of ${this.size}`);
    return this.source.read(address, length);
  }

  async find(group: Hdf5Object, path: string): Promise<Hdf5Object | null> {
    let object = group;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const address = object.members?.get(name);
      if (address === undefined) return null;
      object = await this.object(address);
    }
    return object;
  }

  async object(address: number): Promise<Hdf5Object> {
    const attributes = new Map<string, readonly string[]>();
    const members = new Map<string, number>();
    const dataset: {
      space?: Dataspace;
      type?: Datatype;
      layout?: Layout;
      filters: readonly number[];
      fill: Uint8Array | null;
    } = { filters: [], fill: null };
    const heaps = new Map<number, ReadonlyMap<number, string>>();
    let isGroup = false;

    for (const { type, flags, data } of await headerMessages(this, address)) {
      const fields = new Fields(data);
      if ((flags & 2) !== 0 && [0x01, 0x03, 0x04, 0x05, 0x08, 0x0b].includes(type))
        throw new TypeError('a message that is shared between objects, which is not supported');
      if (type === 0x01) dataset.space = parseDataspace(fields);
      else if (type === 0x03) dataset.type = parseDatatype(fields);
      else if (type === 0x04 || type === 0x05) dataset.fill ??= parseFillValue(fields, type);
      else if (type === 0x08) dataset.layout = parseLayout(fields);
      else if (type === 0x0b) dataset.filters = parseFilters(fields);
      else if (type === 0x11) {
        isGroup = true;
        const tree = fields.place();
        const names = await readLocalHeap(this, fields.place());
        await addGroupMembers(this, tree, names, members, 0);
      } else if (type === 0x02) {
        isGroup = true;
        const place = densePlace(fields, 8);
        if (place !== null)
          for await (const message of denseMessages(this, 'links', place)) {
            const link = parseLink(new Fields(message));
            if (link !== null) members.set(link.name, link.address);
          }
      } else if (type === 0x06) {
        isGroup = true;
        const link = parseLink(fields);
        if (link !== null) members.set(link.name, link.address);
      } else if (type === 0x0c) {
        await this.#attribute(data, heaps, attributes);
      } else if (type === 0x15) {
        const place = densePlace(fields, 2);
        if (place !== null)
          for await (const message of denseMessages(this, 'attributes', place))
            await this.#attribute(message, heaps, attributes);
      }
    }
    const { space, type, layout, filters, fill } = dataset;
    const complete = space !== undefined && type !== undefined && layout !== undefined;
    if (!isGroup && !complete) throw new TypeError('an object that is neither a group nor a data set');
    return {
      attributes,
      members: isGroup ? members : null,
      dataset: !isGroup && complete ? { space, type, layout, filters, fill } : null,
    };
  }

  async #attribute(
    message: Uint8Array,
    heaps: Map<number, ReadonlyMap<number, string>>,
    attributes: Map<string, readonly string[]>,
  ): Promise<void> {
    // Heaps are read before they are asked for, because parsing does not wait.
    for (const collection of variableTextHeaps(message))
      if (!heaps.has(collection)) heaps.set(collection, await readGlobalHeap(this, collection));
    const { name, texts } = parseAttribute(new Fields(message), (collection, index) => {
      const text = heaps.get(collection)?.get(index);
      if (text === undefined) throw new RangeError(`a text that is not in the heap at ${collection}`);
      return text;
    });
    if (texts !== null) attributes.set(name, texts);
  }

  async dataset(name: string, { dataset }: Hdf5Object): Promise<StateTensor> {
    if (dataset === null) throw new TypeError(`'${name}' is a group, expected a data set`);
    const { space, type, layout, filters, fill } = dataset;
    const { shape } = space;
    if (type.kind !== 'number') throw new TypeError(`'${name}' holds texts, expected numbers`);
    const { dtype, size: width, bigEndian } = type;
    const bytes = elementCount(shape, `'${name}'`) * width;
    const place = { name: `'${name}'`, dtype, shape };
    const inMemory = (values: Uint8Array) =>
      openSource(bigEndian ? swapped(values, width) : values).then((source) =>
        storedTensor(source, { ...place, offset: 0 }, this.budget),
      );
    if (layout.kind === 'contiguous') {
      if (bytes > 0 && (layout.address === null || layout.size < bytes || layout.address + bytes > this.size))
        throw new RangeError(`'${name}' of ${bytes} bytes is outside of the file or was never written`);
      const offset = layout.address ?? 0;
      if (!bigEndian || width === 1) return storedTensor(this.source, { ...place, offset }, this.budget);
      this.budget.memory(2 * bytes, `the data set '${name}'`);
      return inMemory(await this.bytes(offset, bytes));
    }
    if (layout.kind === 'compact') {
      if (layout.bytes.length < bytes)
        throw new RangeError(`'${name}' has ${layout.bytes.length} bytes, expected ${bytes}`);
      return inMemory(layout.bytes);
    }
    const chunks = layout.address === null ? [] : await this.#chunks(name, layout.address, layout, space, width);
    const { chunk } = layout;
    return inMemory(await readChunks(this, `'${name}'`, { shape, chunk, width, filters, fill }, chunks));
  }

  async #chunks(
    name: string,
    address: number,
    { chunk, index }: Extract<Layout, { kind: 'chunked' }>,
    { shape, largest }: Dataspace,
    width: number,
  ): Promise<Chunk[]> {
    const grid = { largest, chunk, bytes: elementCount(chunk, `a chunk of '${name}'`) * width };
    if (grid.bytes === 0 || chunk.length !== shape.length)
      throw new RangeError(`'${name}': ${shapeText(shape)} in chunks of ${shapeText(chunk)}`);
    switch (index.kind) {
      case 'tree':
        return chunkTree(this, address, shape.length);
      case 'array':
        return chunkArray(this, address, grid);
      case 'growing array':
        return growingChunkArray(this, address, grid);
      case 'new tree':
        return newChunkTree(this, address, grid);
      case 'consecutive':
        return consecutiveChunks(this, address, grid);
      case 'single':
        return [{ offset: chunk.map(() => 0), address, storedSize: index.storedSize ?? grid.bytes, mask: 0 }];
    }
  }
}

/** The numbers in the other byte order, in new memory: the bytes may be the caller's. */
function swapped(values: Uint8Array, width: number): Uint8Array {
  const turned = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at += width)
    for (let byte = 0; byte < width; byte++) turned[at + byte] = values[at + width - 1 - byte] ?? 0;
  return turned;
}
