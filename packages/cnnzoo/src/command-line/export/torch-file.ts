/** PyTorch's own format, as `torch.save` writes a state dict: a zip archive with a pickle and the bytes of each tensor. */
import { crc32 } from 'node:zlib';
import { writeAtomically } from '@cnnzoo/files';
import type { Dtype, StateDict } from '@cnnzoo/weights';

/** `torch.load(path, weights_only=True)` reads the file. @throws TypeError naming a tensor whose type PyTorch's file has not */
export async function writeTorchFile(path: string, dict: StateDict): Promise<void> {
  await writeAtomically(path, torchFile(dict));
}

/** PyTorch's names of the types of a storage. */
const storages: Readonly<Partial<Record<Dtype, string>>> = {
  F32: 'FloatStorage',
  F64: 'DoubleStorage',
  I64: 'LongStorage',
  I32: 'IntStorage',
  I16: 'ShortStorage',
  I8: 'CharStorage',
  U8: 'ByteStorage',
  BOOL: 'BoolStorage',
};

export function torchFile(dict: StateDict): Uint8Array {
  const entries: ZipEntry[] = [];
  const pickle = new PickleWriter();
  pickle.begin();
  let index = 0;
  for (const [name, tensor] of dict) {
    const storage = storages[tensor.dtype];
    if (storage === undefined) throw new TypeError(`${name} is of type ${tensor.dtype}, which a PyTorch file has not`);
    const { data, shape } = tensor;
    pickle.tensor(name, storage, String(index), data.length, shape);
    entries.push({
      name: `archive/data/${index}`,
      bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    index++;
  }
  const text = (content: string) => new TextEncoder().encode(content);
  return storedZip([
    { name: 'archive/data.pkl', bytes: pickle.end() },
    { name: 'archive/byteorder', bytes: text('little') },
    ...entries,
    { name: 'archive/version', bytes: text('3\n') },
  ]);
}

/** Protocol 2 of Python's pickle, as far as a state dict needs it. */
class PickleWriter {
  readonly #parts: Uint8Array[] = [];

  #bytes(...bytes: readonly number[]): void {
    this.#parts.push(Uint8Array.from(bytes));
  }

  #global(module: string, name: string): void {
    this.#parts.push(new TextEncoder().encode(`c${module}\n${name}\n`));
  }

  #string(content: string): void {
    const bytes = new TextEncoder().encode(content);
    const head = new Uint8Array(5);
    head[0] = 0x58; // BINUNICODE
    new DataView(head.buffer).setUint32(1, bytes.length, true);
    this.#parts.push(head, bytes);
  }

  #integer(value: number): void {
    // LONG1 with eight bytes: sizes may be more than four take.
    const bytes = new Uint8Array(10);
    bytes[0] = 0x8a;
    bytes[1] = 8;
    new DataView(bytes.buffer).setBigInt64(2, BigInt(value), true);
    this.#parts.push(bytes);
  }

  #integers(values: readonly number[]): void {
    this.#bytes(0x28); // MARK
    for (const value of values) this.#integer(value);
    this.#bytes(0x74); // TUPLE
  }

  #orderedDict(): void {
    this.#global('collections', 'OrderedDict');
    this.#bytes(0x29, 0x52); // EMPTY_TUPLE, REDUCE
  }

  begin(): void {
    this.#bytes(0x80, 2); // PROTO 2
    this.#orderedDict();
    this.#bytes(0x28); // MARK of the items
  }

  /** An item of the dictionary: the call that makes a tensor of a storage in the archive. */
  tensor(name: string, storage: string, key: string, length: number, shape: readonly number[]): void {
    this.#string(name);
    this.#global('torch._utils', '_rebuild_tensor_v2');
    this.#bytes(0x28, 0x28); // MARK of the arguments, MARK of the persistent id
    this.#string('storage');
    this.#global('torch', storage);
    this.#string(key);
    this.#string('cpu');
    this.#integer(length);
    this.#bytes(0x74, 0x51); // TUPLE, BINPERSID
    this.#integer(0);
    this.#integers(shape);
    this.#integers(strides(shape));
    this.#bytes(0x89); // NEWFALSE: needs no gradient
    this.#orderedDict();
    this.#bytes(0x74, 0x52); // TUPLE, REDUCE
  }

  end(): Uint8Array {
    this.#bytes(0x75, 0x2e); // SETITEMS, STOP
    return Buffer.concat(this.#parts);
  }
}

function strides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where PyTorch wants a tensor's bytes to begin, so that it can map the file into memory. */
const alignment = 64;

/** A zip archive whose entries are not compressed. */
function storedZip(entries: readonly ZipEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes } of entries) {
    const nameBytes = new TextEncoder().encode(name);
    const begin = at + 30 + nameBytes.length;
    // An extra field of PyTorch's own kind ("FB") fills up; it takes four bytes itself.
    const fill = (alignment - ((begin + 4) % alignment)) % alignment;
    const extra = new Uint8Array(4 + fill);
    new DataView(extra.buffer).setUint16(0, 0x4246, true);
    new DataView(extra.buffer).setUint16(2, fill, true);
    const sum = crc32(bytes);
    const local = zipHeader(0x04034b50, 30, 4, sum, bytes.length, nameBytes.length, extra.length);
    const central = zipHeader(0x02014b50, 46, 6, sum, bytes.length, nameBytes.length, 0);
    new DataView(central.buffer).setUint32(42, at, true);
    new DataView(central.buffer).setUint16(4, 20, true);
    parts.push(local, nameBytes, extra, bytes);
    directory.push(central, nameBytes);
    at += local.length + nameBytes.length + extra.length + bytes.length;
  }
  if (at > 0xffffffff)
    throw new RangeError(`the weights take ${(at / 1e9).toFixed(1)} GB, more than 4.2: write .safetensors`);
  const size = directory.reduce((total, { length }) => total + length, 0);
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, entries.length, true);
  view.setUint16(10, entries.length, true);
  view.setUint32(12, size, true);
  view.setUint32(16, at, true);
  return Buffer.concat([...parts, ...directory, end]);
}

/** What the local and the central header of an entry have in common, from the version that is needed on. */
function zipHeader(
  signature: number,
  length: number,
  from: number,
  sum: number,
  size: number,
  name: number,
  extra: number,
) {
  const header = new Uint8Array(length);
  const view = new DataView(header.buffer);
  view.setUint32(0, signature, true);
  view.setUint16(from, 20, true);
  view.setUint16(from + 8, 0x21, true); // the first of January 1980: the archive is the same each time
  view.setUint32(from + 10, sum, true);
  view.setUint32(from + 14, size, true);
  view.setUint32(from + 18, size, true);
  view.setUint16(from + 22, name, true);
  view.setUint16(from + 24, extra, true);
  return header;
}
