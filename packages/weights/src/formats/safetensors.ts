/** The safetensors format: 8 bytes with the length of a JSON header, the header, then the tensors' bytes without gaps. */
import { check, checkOptions } from '@cnnzoo/checks';
import { type Budget, isRecord, type OpenSource, parseJson, type Source, toFloat16 } from '@cnnzoo/files';
import { type Dtype, dtypes, elementCount, isSafetensorsDtype, shapeText } from '../state-dict/dtype.js';
import { type StateDict, type StateTensor, stateDictRule } from '../state-dict/state-dict.js';
import { fileKind, kindBytes, wrongKind } from './file-kind.js';
import { type ReadOptions, readFile, readRules } from './read-file.js';
import { readShards } from './shards.js';
import { storedTensor } from './stored-tensor.js';

/** The reference library's limit on the header, in bytes. */
const largestHeader = 100_000_000;
const metadataName = '__metadata__';

/** A tensor's entry in the header; offsets count from the end of the header. */
interface HeaderEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file, or several that one index names.
 * @param source the file, or the path or address of a `model.safetensors.index.json` with the files that it names beside it. Tensors of
 *   a path are read when their `data` is asked for; the header is checked completely at once
 * @param options `limits`
 * @returns the tensors in the order in which they are stored; F16, BF16 and the 8-bit floats widened to Float32Array
 * @throws RangeError or TypeError naming the source and what is wrong, for any file that the reference library would refuse:
 *   truncated, overlapping or out-of-range tensors, gaps, duplicate names, sizes that do not match the shape
 * @example
 * import { readSafetensors } from '@cnnzoo/weights';
 *
 * const dict = await readSafetensors('resnet50.safetensors');
 * console.log(dict.get('fc.weight')?.shape); // [1000, 2048]
 */
export async function readSafetensors(source: Source, options: ReadOptions = {}): Promise<StateDict> {
  checkOptions<ReadOptions>('readSafetensors', options, readRules);
  return readFile(source, options, async (file, budget) => {
    const start = await file.read(0, Math.min(kindBytes, file.size));
    // The files that it names are no indices: one that named itself would have no end.
    if (fileKind(start) === 'json')
      return readShards(source, file, budget, (shard) => readFile(shard, options, safetensorsIn));
    return safetensorsIn(file, budget);
  });
}

/** The tensors of an open safetensors file. */
export async function safetensorsIn(file: OpenSource, budget: Budget): Promise<StateDict> {
  const { entries, bodyStart } = await readHeader(file, budget);
  const dict: StateDict = new Map();
  for (const { name, dtype, shape, begin } of entries)
    dict.set(name, await storedTensor(file, { name: `'${name}'`, dtype, shape, offset: bodyStart + begin }, budget));
  return dict;
}

/**
 * Reads the metadata of a safetensors file: names and texts that its writer put in, such as `{ format: 'pt' }`.
 * @param source the file
 * @param options `limits`
 * @returns the metadata, empty where the file has none
 * @throws like `readSafetensors`
 * @example
 * import { readSafetensorsMetadata } from '@cnnzoo/weights';
 *
 * const { format } = await readSafetensorsMetadata('resnet50.safetensors');
 */
export async function readSafetensorsMetadata(
  source: Source,
  options: ReadOptions = {},
): Promise<Record<string, string>> {
  checkOptions<ReadOptions>('readSafetensorsMetadata', options, readRules);
  return readFile(source, options, async (file, budget) => (await readHeader(file, budget)).metadata);
}

interface Header {
  /** Sorted by place. */
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Record<string, string>;
  /** Where the first tensor starts, in bytes from the start of the file. */
  readonly bodyStart: number;
}

async function readHeader({ size, read }: OpenSource, budget: Budget): Promise<Header> {
  const start = await read(0, Math.min(kindBytes, size));
  const kind = fileKind(start);
  if (kind !== 'safetensors' && (typeof kind === 'string' || !/^(no file|empty)/.test(kind.instead)))
    throw wrongKind(kind, 'a safetensors file');
  if (size < 8) throw new RangeError(`${size} bytes are too few for a safetensors file`);
  const length = Number(new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true));
  if (length > largestHeader || length > size - 8)
    throw new RangeError(
      `the header is said to be ${length} bytes long, in a file of ${size}: truncated, or no safetensors file`,
    );
  budget.memory(length, 'the header');
  const header = parseHeader(await read(8, length), budget);
  checkPlaces(header.entries, size - 8 - length);
  return { ...header, bodyStart: 8 + length };
}

/** Sizes and places that are written otherwise than as integers, which JSON.parse does not tell apart: 2.0, 2e0, -0. */
const notAsIntegers = /"(?:shape|data_offsets)"\s*:\s*\[[^\]]*(?:[.eE]|-0)/;

function parseHeader(bytes: Uint8Array, budget: Budget): Omit<Header, 'bodyStart'> {
  const header = parseJson(bytes, 'the safetensors header', budget, true);
  if (!isRecord(header)) throw new TypeError('the safetensors header is not a JSON object');
  const { [metadataName]: metadata = {}, ...tensors } = header;
  if (metadata !== null && !isTexts(metadata)) throw new TypeError(`${metadataName} must map names to texts`);
  const entries = Object.entries(tensors).map(([name, value]) => parseEntry(name, value));
  // Copied, because memory that is shared between threads cannot be decoded.
  if (notAsIntegers.test(new TextDecoder().decode(new Uint8Array(bytes))))
    throw new TypeError(
      'the safetensors header has sizes or data_offsets that are not written as integers, such as 2.0',
    );
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return { entries, metadata: metadata ?? {} };
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

/** A value of JSON for a message, which one of a million letters must not fill. */
function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function parseEntry(name: string, value: unknown): HeaderEntry {
  const tensor = `tensor '${name.slice(0, 200)}'`;
  if (!isRecord(value)) throw new TypeError(`${tensor} is described by ${brief(value)}, expected an object`);
  if (/\p{Surrogate}/u.test(name)) throw new TypeError(`${tensor}: its name is no Unicode text`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !isSafetensorsDtype(dtype))
    throw new TypeError(`${tensor} has the unknown dtype ${brief(dtype)}`);
  if (!Array.isArray(shape) || !shape.every((size) => typeof size === 'number'))
    throw new TypeError(`${tensor} has the shape ${brief(shape)}, expected a list of numbers`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((o) => Number.isSafeInteger(o) && o >= 0))
    throw new RangeError(`${tensor} has data_offsets ${brief(offsets)}, expected two numbers of bytes`);
  const [begin, end] = offsets as [number, number];
  const bits = elementCount(shape, tensor) * dtypes[dtype].bits;
  if (end - begin !== bits / 8)
    throw new RangeError(
      `${tensor}: ${dtype} ${shapeText(shape)} takes ${bits / 8} bytes, but data_offsets span ${end - begin}`,
    );
  return { name, dtype, shape, begin, end };
}

/** The tensors must fill the file's body exactly, one after another. */
function checkPlaces(sorted: readonly HeaderEntry[], bodyLength: number): void {
  let end = 0;
  for (const entry of sorted) {
    if (entry.begin !== end)
      throw new RangeError(
        `tensor '${entry.name.slice(0, 200)}' starts at ${entry.begin}, expected ${end}: tensors overlap or leave a gap`,
      );
    end = entry.end;
  }
  if (end !== bodyLength)
    throw new RangeError(`its tensors take ${end} bytes, the file has ${bodyLength}: truncated or not complete`);
}

/**
 * Writes tensors as a safetensors file, byte for byte as the reference library does.
 * @param dict tensors in PyTorch's layout. Those of dtype 'F16' have a Float32Array, whose numbers are rounded to half floats: half the size
 * @param metadata names and texts to store with them, such as `{ format: 'pt' }`, which Python's transformers asks for
 * @returns the file's bytes
 * @throws TypeError or RangeError naming the tensor where `data` does not fit `dtype` and `shape`, is too large for 'F16', or is in Keras's layout
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { stateDict, writeSafetensors } from '@cnnzoo/weights';
 *
 * await writeFile('model.safetensors', writeSafetensors(stateDict(model), { format: 'pt' }));
 */
export function writeSafetensors(dict: StateDict, metadata?: Readonly<Record<string, string>>): Uint8Array {
  check('dict', dict, stateDictRule);
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
  if (metadata !== undefined) entries.unshift(`"${metadataName}":${JSON.stringify(metadata)}`);
  const json = new TextEncoder().encode(`{${entries.join(',')}}`);

  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  bytes.fill(0x20, 8 + json.length, start);
  let offset = start;
  for (const [name, tensor] of tensors) {
    const data = tensor.dtype === 'F16' ? halves(name, tensor) : tensor.data;
    if (!ArrayBuffer.isView(data)) throw new TypeError(`'${name}' has no typed array as data`);
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

function halves(name: string, { data }: StateTensor): Uint16Array {
  if (!(data instanceof Float32Array)) throw new TypeError(`'${name}' has dtype F16, whose data is a Float32Array`);
  const codes = toFloat16(data);
  const at = codes.findIndex((code, i) => (code & 0x7fff) === 0x7c00 && Number.isFinite(data[i]));
  if (at >= 0) throw new RangeError(`'${name}' has ${data[at]}, and half floats end at 65504: write it with dtype F32`);
  return codes;
}

/** The bytes `tensor` takes in a file, once it is known to be writable. */
function storedBytes(name: string, tensor: StateTensor): number {
  if (name === metadataName) throw new RangeError(`a tensor cannot be called '${metadataName}'`);
  const { dtype, shape, layout } = tensor;
  if (layout !== undefined)
    throw new TypeError(`'${name}' is in ${layout}'s layout: load it into a model and write stateDict(model) instead`);
  const traits = isSafetensorsDtype(dtype) ? dtypes[dtype] : undefined;
  if (traits === undefined)
    throw new TypeError(`'${name}' has the dtype '${String(dtype)}', which safetensors does not have`);
  if (traits.widened !== dtype && dtype !== 'F16')
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
