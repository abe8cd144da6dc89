/** The safetensors format: 8 bytes with the length of a JSON header, the header, then the tensors' bytes without gaps. */
import { type Dtype, dtypes, elementCount } from '../state-dict/dtype.js';
import type { StateDict, StateTensor } from '../state-dict/state-dict.js';
import { type OpenSource, openSource, type Source } from './source.js';
import { storedTensor } from './stored-tensor.js';

/** The reference library's limit on the header, in bytes. */
const LARGEST_HEADER = 100_000_000;
const METADATA = '__metadata__';

/** A tensor's entry in the header; offsets count from the end of the header. */
interface HeaderEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file.
 * @param source its bytes, its path or a reader. From a path, each tensor is read when its `data` is asked for; the header is
 *   checked completely at once
 * @returns the tensors in the order in which they are stored; F16, BF16 and the 8-bit floats widened to Float32Array
 * @throws RangeError or TypeError naming the source and what is wrong, for any file that the reference library would refuse:
 *   truncated, overlapping or out-of-range tensors, gaps, duplicate names, sizes that do not match the shape
 * @example
 * import { readSafetensors } from '@cnnzoo/weights';
 *
 * const dict = await readSafetensors('resnet50.safetensors');
 * console.log(dict.get('fc.weight')?.shape); // [1000, 2048]
 */
export async function readSafetensors(source: Source): Promise<StateDict> {
  const opened = await openSource(source);
  const { entries, start } = await readHeader(opened);
  const dict: StateDict = new Map();
  for (const { name, dtype, shape, begin } of entries)
    dict.set(name, await storedTensor(opened, { name, dtype, shape, offset: start + begin }));
  return dict;
}

/**
 * Reads the metadata of a safetensors file: names and texts that its writer put in, such as `{ format: 'pt' }`.
 * @param source its bytes, its path or a reader
 * @returns the metadata, empty where the file has none
 * @throws like `readSafetensors`
 * @example
 * import { readSafetensorsMetadata } from '@cnnzoo/weights';
 *
 * const { format } = await readSafetensorsMetadata('resnet50.safetensors');
 */
export async function readSafetensorsMetadata(source: Source): Promise<Record<string, string>> {
  return (await readHeader(await openSource(source))).metadata;
}

interface Header {
  /** Sorted by place. */
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Record<string, string>;
  /** Where the first tensor starts, in bytes from the start of the file. */
  readonly start: number;
}

async function readHeader({ size, name: file, read }: OpenSource): Promise<Header> {
  if (size < 8) throw new RangeError(`${file}: ${size} bytes are too few for a safetensors file`);
  const prefix = await read(0, 8);
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true));
  if (length > LARGEST_HEADER || length > size - 8)
    throw new RangeError(
      `${file}: the header is said to be ${length} bytes long, in a file of ${size}: truncated, or no safetensors file`,
    );
  const header = parseHeader(await read(8, length), file);
  checkPlaces(header.entries, size - 8 - length, file);
  return { ...header, start: 8 + length };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseHeader(bytes: Uint8Array, file: string): Omit<Header, 'start'> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`${file}: the safetensors header is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (!isRecord(header)) throw new TypeError(`${file}: the safetensors header is not a JSON object`);
  refuseDuplicates(text, file);

  const { [METADATA]: metadata = {}, ...tensors } = header;
  if (!isTexts(metadata)) throw new TypeError(`${file}: ${METADATA} must map names to texts`);
  const entries = Object.entries(tensors).map(([name, value]) => parseEntry(name, value, file));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return { entries, metadata };
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

function parseEntry(name: string, value: unknown, file: string): HeaderEntry {
  const tensor = `${file}: tensor '${name}'`;
  if (!isRecord(value)) throw new TypeError(`${tensor} is described by ${JSON.stringify(value)}, expected an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypes, dtype))
    throw new TypeError(`${tensor} has the unknown dtype ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every((size) => typeof size === 'number'))
    throw new TypeError(`${tensor} has the shape ${JSON.stringify(shape)}, expected a list of numbers`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((o) => Number.isSafeInteger(o) && o >= 0))
    throw new RangeError(`${tensor} has data_offsets ${JSON.stringify(offsets)}, expected two numbers of bytes`);
  const [begin, end] = offsets as [number, number];
  const bits = elementCount(shape, tensor) * dtypes[dtype as Dtype].bits;
  if (end - begin !== bits / 8)
    throw new RangeError(
      `${tensor}: ${dtype} [${shape}] takes ${bits / 8} bytes, but data_offsets span ${end - begin}`,
    );
  return { name, dtype: dtype as Dtype, shape, begin, end };
}

/** JSON.parse takes the last of two equal names in silence. `text` is known to be valid JSON. */
function refuseDuplicates(text: string, file: string): void {
  const open: Set<string>[] = [];
  for (const [token, colon] of text.matchAll(/[{}]|"(?:[^"\\]|\\.)*"(\s*:)?/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon !== undefined) {
      const name = token.slice(0, -colon.length);
      // Escapes are spelled out, so that "a" and "\u0061" are seen to be the same name.
      const key = name.includes('\\') ? String(JSON.parse(name)) : name.slice(1, -1);
      const names = open.at(-1);
      if (names?.has(key)) throw new TypeError(`${file}: the safetensors header has '${key}' twice`);
      names?.add(key);
    }
  }
}

/** The tensors must fill the file's body exactly, one after another. */
function checkPlaces(sorted: readonly HeaderEntry[], bodyLength: number, file: string): void {
  let end = 0;
  for (const entry of sorted) {
    if (entry.begin !== end)
      throw new RangeError(
        `${file}: tensor '${entry.name}' starts at ${entry.begin}, expected ${end}: tensors overlap or leave a gap`,
      );
    end = entry.end;
  }
  if (end !== bodyLength)
    throw new RangeError(
      `${file}: its tensors take ${end} bytes, the file has ${bodyLength}: truncated or not complete`,
    );
}

/**
 * Writes tensors as a safetensors file, byte for byte as the reference library does.
 * @param dict tensors in PyTorch's layout
 * @param metadata names and texts to store with them, such as `{ format: 'pt' }`, which Python's transformers asks for
 * @returns the file's bytes
 * @throws TypeError or RangeError naming the tensor where `data` does not fit `dtype` and `shape`, or is in Keras's layout
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { stateDict, writeSafetensors } from '@cnnzoo/weights';
 *
 * await writeFile('model.safetensors', writeSafetensors(stateDict(model), { format: 'pt' }));
 */
export function writeSafetensors(dict: StateDict, metadata?: Readonly<Record<string, string>>): Uint8Array {
  const order = Object.keys(dtypes);
  // The largest alignment first, then by name, so that each tensor is aligned without padding.
  const tensors = [...dict].sort(
    ([nameA, a], [nameB, b]) => order.indexOf(b.dtype) - order.indexOf(a.dtype) || compareCodePoints(nameA, nameB),
  );
  if (metadata !== undefined && !isTexts(metadata)) throw new TypeError('metadata must map names to texts');
  let length = 0;
  const entries = tensors.map(([name, tensor]) => {
    const begin = length;
    length += storedBytes(name, tensor);
    const { dtype, shape } = tensor;
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, length] })}`;
  });
  // Not through one object: JavaScript would put names that look like integers first.
  if (metadata !== undefined) entries.unshift(`"${METADATA}":${JSON.stringify(metadata)}`);
  const json = new TextEncoder().encode(`{${entries.join(',')}}`);

  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  bytes.fill(0x20, 8 + json.length, start);
  let offset = start;
  for (const [name, tensor] of tensors) {
    const { data } = tensor;
    const expected = storedBytes(name, tensor);
    if (data.byteLength !== expected)
      throw new RangeError(
        `'${name}' has ${data.byteLength} bytes of data, but ${tensor.dtype} [${tensor.shape}] takes ${expected}`,
      );
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** The bytes `tensor` takes in a file, once it is known to be writable. */
function storedBytes(name: string, tensor: StateTensor): number {
  if (name === METADATA) throw new RangeError(`a tensor cannot be called '${METADATA}'`);
  const { dtype, shape, layout } = tensor;
  if (layout !== undefined)
    throw new TypeError(`'${name}' is in ${layout}'s layout: load it into a model and write stateDict(model) instead`);
  const traits = dtypes[dtype];
  if (traits === undefined) throw new TypeError(`'${name}' has the unknown dtype '${String(dtype)}'`);
  if (traits.widened !== dtype)
    throw new TypeError(`'${name}' has dtype ${dtype}, which is read only: write it as F32`);
  return (elementCount(shape, `'${name}'`) * traits.bits) / 8;
}

/** Order of the code points, which is also the order of the UTF-8 bytes; JavaScript's `<` compares UTF-16 units. */
function compareCodePoints(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
