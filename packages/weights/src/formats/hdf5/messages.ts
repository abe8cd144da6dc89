/** The messages of an HDF5 object header that describe data sets and attributes (HDF5 File Format Specification 3.0, IV.A.2). */
import type { Dtype } from '../../state-dict/dtype.js';

/** Little-endian fields one after another; reading past the end is an error. */
export class Fields {
  readonly #view: DataView;
  at = 0;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  /** Fields of a part of these. */
  within(bytes: Uint8Array): Fields {
    return new Fields(bytes);
  }
  get left(): number {
    return this.bytes.length - this.at;
  }
  #take(length: number): number {
    const at = this.at;
    if (!(length >= 0 && length <= this.left)) throw new RangeError('a field reaches over its block');
    this.at = at + length;
    return at;
  }
  skip(length: number): void {
    this.#take(length);
  }
  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  /** An address or a length; null where it is undefined, which is all ones. */
  uint64(): number | null {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value === 0xffffffffffffffffn) return null;
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`an address or length of ${value}`);
    return Number(value);
  }
  /** The same, where undefined makes no sense. */
  place(): number {
    const value = this.uint64();
    if (value === null) throw new RangeError('an undefined address or length');
    return value;
  }
  take(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }
  /** A text up to its zero byte. */
  name(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw new RangeError('a name without an end');
    const text = decodeText(this.take(end - this.at));
    this.at++;
    return text;
  }
  signature(expected: string): void {
    const found = decodeText(this.take(expected.length));
    if (found !== expected) throw new TypeError(`'${expected}' is missing where it should be`);
  }
}

export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Sizes of the axes, [] for a scalar, and those up to which they may grow; null: for ever. */
export interface Dataspace {
  readonly shape: readonly number[];
  readonly largest: readonly (number | null)[];
}

export function parseDataspace(fields: Fields): Dataspace {
  const version = fields.uint8();
  const rank = fields.uint8();
  const flags = fields.uint8();
  if (version === 1) fields.skip(5);
  else if (version !== 2) throw new TypeError(`a data space of version ${version}`);
  else if (fields.uint8() === 2) return { shape: [0], largest: [0] };
  if (rank > 32) throw new RangeError(`a data set of ${rank} axes`);
  const shape = Array.from({ length: rank }, () => fields.place());
  return { shape, largest: (flags & 1) === 0 ? shape : shape.map(() => fields.uint64()) };
}

/** What an element is: a number, a text of fixed length, or a text of any length in the global heap. */
export type Datatype =
  | { readonly kind: 'number'; readonly dtype: Dtype; readonly size: number; readonly bigEndian: boolean }
  | { readonly kind: 'text'; readonly size: number }
  | { readonly kind: 'variable text'; readonly size: 16 };

export function parseDatatype(fields: Fields): Datatype {
  const start = fields.at;
  const typeClass = fields.uint8() & 15;
  const flags = fields.uint8();
  fields.skip(2);
  const size = fields.uint32();
  // Any number of elements without a size would fit into any block.
  if (size === 0) throw new RangeError('elements of 0 bytes');
  if (typeClass === 3) return { kind: 'text', size };
  if (typeClass === 9 && (flags & 15) === 1 && size === 16) return { kind: 'variable text', size };
  if (typeClass === 0 || typeClass === 1) {
    const bigEndian = (flags & 1) !== 0;
    if (typeClass === 1 && (flags & 0x40) !== 0)
      throw new TypeError("floats in the byte order of a VAX, which are not supported: write them as '<f4'");
    const dtype = typeClass === 0 ? integers[`${(flags & 8) !== 0}${size}`] : floatType(fields, size);
    if (dtype !== undefined) return { kind: 'number', dtype, size, bigEndian };
  }
  throw new TypeError(`a data type of class ${typeClass} and ${size} bytes at ${start}, expected numbers or texts`);
}

/** By sign and bytes. */
const integers: Readonly<Record<string, Dtype>> = {
  true1: 'I8',
  true2: 'I16',
  true4: 'I32',
  true8: 'I64',
  false1: 'U8',
  false2: 'U16',
  false4: 'U32',
  false8: 'U64',
};

function floatType(fields: Fields, size: number): Dtype | undefined {
  fields.skip(5);
  const exponentBits = fields.uint8();
  const types: Readonly<Record<string, Dtype>> = { '2,5': 'F16', '2,8': 'BF16', '4,8': 'F32', '8,11': 'F64' };
  return types[`${size},${exponentBits}`];
}

/** An attribute's name and, where it is one or more texts, those. `heapText` reads the global heap. */
export function parseAttribute(
  fields: Fields,
  heapText: (collection: number, index: number) => string,
): { readonly name: string; readonly texts: string[] | null } {
  const version = fields.uint8();
  if (version < 1 || version > 3) throw new TypeError(`an attribute of version ${version}`);
  fields.skip(1);
  const nameSize = fields.uint16();
  const typeSize = fields.uint16();
  const spaceSize = fields.uint16();
  if (version === 3) fields.skip(1);
  // Version 1 pads each part to 8 bytes.
  const part = (size: number) => {
    const bytes = fields.take(size);
    if (version === 1) fields.skip((8 - (size % 8)) % 8);
    return new Fields(bytes);
  };
  const name = part(nameSize).name();
  const type = part(typeSize);
  const { shape } = parseDataspace(part(spaceSize));
  if (![3, 9].includes((type.bytes[0] ?? 0) & 15)) return { name, texts: null };
  const datatype = parseDatatype(type);
  const count = shape.reduce((product, size) => product * size, 1);
  if (!(count * datatype.size <= fields.left)) throw new RangeError(`attribute '${name}' reaches over its block`);
  const texts: string[] = [];
  for (let i = 0; i < count && datatype.kind !== 'number'; i++) {
    if (datatype.kind === 'text') {
      texts.push(decodeText(fields.take(datatype.size)).replace(/\0[\s\S]*$/, ''));
    } else {
      fields.skip(4);
      const collection = fields.uint64();
      const index = fields.uint32();
      texts.push(collection === null || collection === 0 ? '' : heapText(collection, index));
    }
  }
  return { name, texts };
}

/** Where a data set's values are. */
export type Layout =
  | { readonly kind: 'compact'; readonly bytes: Uint8Array }
  | { readonly kind: 'contiguous'; readonly address: number | null; readonly size: number }
  | {
      readonly kind: 'chunked';
      /** Of the chunks' index; of the one chunk or the first where there is none. */
      readonly address: number | null;
      /** Sizes of a chunk by axis, in elements. */
      readonly chunk: readonly number[];
      readonly index: ChunkIndex;
    };

/** How chunks are found. One that stands alone may be stored in fewer bytes than it has. */
export type ChunkIndex =
  | { readonly kind: 'tree' | 'consecutive' | 'array' | 'growing array' | 'new tree' }
  | { readonly kind: 'single'; readonly storedSize: number | null };

export function parseLayout(fields: Fields): Layout {
  const version = fields.uint8();
  // 5, of HDF5 2.0, is 4 with room for chunks of more than 4 GB.
  if (version < 3 || version > 5) throw new TypeError(`a data layout of version ${version}`);
  const kind = fields.uint8();
  if (kind === 0) return { kind: 'compact', bytes: fields.take(fields.uint16()) };
  if (kind === 1) return { kind: 'contiguous', address: fields.uint64(), size: fields.place() };
  if (kind !== 2) throw new TypeError(`a data layout of class ${kind}`);
  if (version === 3) {
    const axes = fields.uint8();
    const address = fields.uint64();
    // The last size is that of an element in bytes.
    const chunk = Array.from({ length: axes }, () => fields.uint32()).slice(0, -1);
    return { kind: 'chunked', address, chunk, index: { kind: 'tree' } };
  }
  const flags = fields.uint8();
  const axes = fields.uint8();
  const width = fields.uint8();
  if (![1, 2, 4, 8].includes(width)) throw new TypeError(`chunk sizes of ${width} bytes`);
  const sizes = Array.from({ length: axes }, () =>
    width === 1 ? fields.uint8() : width === 2 ? fields.uint16() : width === 4 ? fields.uint32() : fields.place(),
  );
  const index = chunkIndex(fields, flags);
  return { kind: 'chunked', address: fields.uint64(), chunk: sizes.slice(0, -1), index };
}

function chunkIndex(fields: Fields, flags: number): ChunkIndex {
  const type = fields.uint8();
  if (type === 1) {
    if ((flags & 2) === 0) return { kind: 'single', storedSize: null };
    const storedSize = fields.place();
    fields.skip(4);
    return { kind: 'single', storedSize };
  }
  if (type === 2) return { kind: 'consecutive' };
  if (type === 3) {
    fields.skip(1);
    return { kind: 'array' };
  }
  if (type === 4) {
    fields.skip(5);
    return { kind: 'growing array' };
  }
  if (type === 5) {
    fields.skip(6);
    return { kind: 'new tree' };
  }
  throw new TypeError(`a chunk index of type ${type}`);
}

/**
 * The bytes of the element that stands where a data set was never written; null where that is zero, or left to chance.
 * @param type of the message: 4 is the old one, which files have beside the new one or alone
 */
export function parseFillValue(fields: Fields, type: 4 | 5): Uint8Array | null {
  if (type === 5) {
    const version = fields.uint8();
    if (version < 1 || version > 3) throw new TypeError(`a fill value of version ${version}`);
    if (version < 3) {
      fields.skip(2);
      const defined = fields.uint8() === 1;
      if (!defined) return null;
    } else if ((fields.uint8() & 0x20) === 0) {
      return null;
    }
  }
  const size = fields.uint32();
  const value = size === 0 || size === 0xffffffff ? null : fields.take(size);
  return value?.some((byte) => byte !== 0) ? value : null;
}

/** The filters of a chunk, in the order in which they were applied. */
export function parseFilters(fields: Fields): number[] {
  const version = fields.uint8();
  const count = fields.uint8();
  if (version === 1) fields.skip(6);
  else if (version !== 2) throw new TypeError(`a filter pipeline of version ${version}`);
  return Array.from({ length: count }, () => {
    const id = fields.uint16();
    const nameLength = version === 1 || id >= 256 ? fields.uint16() : 0;
    fields.skip(2);
    const values = fields.uint16();
    fields.skip(version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength);
    fields.skip(values * 4 + (version === 1 && values % 2 === 1 ? 4 : 0));
    return id;
  });
}
