/** PyTorch's files: a zip archive since PyTorch 1.6, before that a row of pickles followed by the storages. */
import { dtypes, elementCount } from '../../state-dict/dtype.js';
import type { StateDict } from '../../state-dict/state-dict.js';
import { type OpenSource, openSource, type Source } from '../source.js';
import { readZipDirectory, readZipEntry, type ZipEntry } from '../zip-directory.js';
import { PickleEndError, type PickleRules, shown, unpickle } from './pickle.js';
import { readTorchTensor, storageDtype, TorchStorage, TorchTensor, torchGlobals } from './torch-tensor.js';

/** The pickles of weight files name and place tensors: kilobytes. */
const LARGEST_PICKLE = 2 ** 26;
const FIRST_READ = 2 ** 20;
/** 0x1950a86a20f9469cfc6c, which starts every old file, as pickled by protocol 2. */
const OLD_MAGIC = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
const OLD_PROTOCOL = 1001;
/** Where training scripts put the state dict within a checkpoint, in the order in which they are tried. */
const checkpointEntries = ['state_dict', 'model_state_dict', 'model_state', 'model', 'net', 'network', 'weights'];

/**
 * Reads the tensors of a PyTorch file: .pth, .pt, .th or .bin, in the zip format and in the one before it.
 *
 * Nothing in the file is executed: it may contain tensors, dicts, lists, numbers and texts, and any other global is refused
 * by name. A checkpoint with the state dict under `state_dict`, `model_state_dict`, `model_state`, `model`, `net`, `network` or
 * `weights` gives that one.
 * @param source its bytes, its path or a reader. From a path, each tensor is read when its `data` is asked for
 * @returns the tensors by name, contiguous whatever their strides; F16 and BF16 widened
 * @throws TypeError or RangeError naming the source and what is wrong or not allowed
 * @example
 * import { resnet18 } from '@cnnzoo/resnet';
 * import { loadStateDict, readTorch } from '@cnnzoo/weights';
 *
 * const dict = await readTorch('resnet18-f37072fd.pth');
 * loadStateDict(resnet18(), dict);
 */
export async function readTorch(source: Source): Promise<StateDict> {
  const opened = await openSource(source);
  const start = await opened.read(0, Math.min(opened.size, OLD_MAGIC.length));
  const isZip = start[0] === 0x50 && start[1] === 0x4b;
  const isOld = start.length === OLD_MAGIC.length && OLD_MAGIC.every((byte, i) => start[i] === byte);
  if (!isZip && !isOld)
    throw new TypeError(
      `${opened.name}: neither a PyTorch zip file nor one of the older format (it starts with ${hex(start)})`,
    );
  try {
    return await (isZip ? readZipFormat(opened) : readOldFormat(opened));
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith(opened.name)) throw error;
    const ErrorType = error instanceof RangeError ? RangeError : TypeError;
    throw new ErrorType(`${opened.name}: ${message}`, { cause: error });
  }
}

function hex(bytes: Uint8Array): string {
  return bytes.length === 0
    ? 'nothing'
    : Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, '0')).join(' ');
}

/** Tensors found in a file by the pickle, and where their storages are. */
async function readTensors(
  value: unknown,
  source: OpenSource,
  storageStart: (storage: TorchStorage) => number,
): Promise<StateDict> {
  const dict: StateDict = new Map();
  // Without random access everything is read now; tensors that share storages must not add up to more than the file by far.
  let left = source.readSync === undefined ? 2 ** 20 + 4 * source.size : Number.POSITIVE_INFINITY;
  for (const [name, tensor] of findStateDict(value)) {
    left -= (elementCount(tensor.shape, name) * dtypes[tensor.dtype].bits) / 8;
    if (left < 0) throw new RangeError(`its tensors are far more than its ${source.size} bytes`);
    dict.set(name, await readTorchTensor(`'${name}'`, tensor, source, storageStart(tensor.storage)));
  }
  return dict;
}

/** The tensors of a state dict, or of the one within a checkpoint; values that are no tensors are left out. */
function findStateDict(value: unknown): [string, TorchTensor][] {
  if (!(value instanceof Map)) throw new TypeError('the file holds no dict of tensors');
  // The top last: checkpoints have tensors there, too, such as the best accuracy.
  const candidates = [...checkpointEntries.map((name) => value.get(name)), value];
  for (const candidate of candidates) {
    if (!(candidate instanceof Map)) continue;
    const tensors = [...candidate].filter((entry): entry is [string, TorchTensor] => entry[1] instanceof TorchTensor);
    if (tensors.length > 0) return tensors.map(([name, tensor]) => [keyText(name), tensor]);
  }
  throw new TypeError(
    `the file holds no tensors at the top or under ${checkpointEntries.join(', ')}: its keys are ${[...value.keys()].slice(0, 20).map(shown).join(', ') || 'none'}`,
  );
}

function keyText(key: unknown): string {
  if (typeof key !== 'string' && typeof key !== 'number') throw new TypeError(`pickle: ${shown(key)} as a name`);
  return String(key);
}

/** NAME/data.pkl, and a file NAME/data/KEY for each storage. */
async function readZipFormat(source: OpenSource): Promise<StateDict> {
  const entries = await readZipDirectory(source);
  const pickle = [...entries.values()].find(({ name }) => name === 'data.pkl' || /^[^/]*\/data\.pkl$/.test(name));
  if (pickle === undefined) throw new TypeError(`${source.name}: a zip archive without data.pkl: not a PyTorch file`);
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  const byteOrder = entries.get(`${folder}byteorder`);
  if (byteOrder !== undefined && new TextDecoder().decode(await readZipEntry(source, byteOrder, 16)).trim() === 'big')
    throw new TypeError(`${source.name}: written on a big-endian machine, which is not supported`);

  const used = new Map<string, ZipEntry>();
  const rules: PickleRules = {
    globals: torchGlobals,
    persistentId(id) {
      const storage = storageOf(id);
      const entry = entries.get(`${folder}data/${storage.key}`);
      if (entry === undefined) throw new RangeError(`storage '${storage.key}' is missing in the archive`);
      const { length, dtype } = storage;
      const bytes = length * ((dtype === null ? 8 : dtypes[dtype].bits) / 8);
      if (!(bytes <= entry.size))
        throw new RangeError(`storage '${storage.key}' has ${entry.size} bytes, expected ${bytes}`);
      used.set(storage.key, entry);
      return storage;
    },
  };
  const { value } = unpickle(await readZipEntry(source, pickle, LARGEST_PICKLE), 0, rules);
  const inPlace = await unpackDeflated(source, used);
  return readTensors(value, inPlace.source, ({ key }) => inPlace.starts.get(key) ?? 0);
}

/** Storages of re-packed archives may be deflated: then all of them are brought to memory. */
async function unpackDeflated(source: OpenSource, entries: ReadonlyMap<string, ZipEntry>) {
  const starts = new Map([...entries].map(([key, { offset }]) => [key, offset]));
  if (![...entries.values()].some(({ deflated }) => deflated)) return { source, starts };
  // Deflate shrinks at most 1032 to 1. Weights hardly shrink: one that claims 100 to 1 is a bomb.
  let total = 0;
  for (const [key, { name, size, storedSize, deflated }] of entries) {
    if (deflated && size > 2 ** 20 && size > 100 * storedSize)
      throw new RangeError(`${source.name}: '${name}' claims to unpack from ${storedSize} to ${size} bytes`);
    starts.set(key, total);
    total += Math.ceil(size / 8) * 8;
  }
  const bytes = new Uint8Array(total);
  for (const [key, entry] of entries) bytes.set(await readZipEntry(source, entry, entry.size), starts.get(key) ?? 0);
  return { source: { ...(await openSource(bytes)), name: source.name }, starts };
}

/** ('storage', class, key, device, length) or, in old files, with a view (key, offset, length) as a sixth. */
function storageOf(id: unknown): TorchStorage {
  if (!Array.isArray(id) || id[0] !== 'storage') throw new TypeError('pickle: a persistent id that is no storage');
  const [, type, key, , length, view] = id as unknown[];
  const isView = Array.isArray(view);
  const [offset, size] = isView ? [view[1], view[2]] : [0, length];
  for (const count of [length, offset, size])
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`pickle: storage ${shown(key)} has the length or offset ${shown(count)}`);
  if (offset + size > Number(length)) throw new RangeError(`pickle: a view reaches over its storage ${shown(key)}`);
  return new TorchStorage(keyText(key), storageDtype(type), size, offset);
}

/** Pickles of magic number, protocol version, system, value and storage keys; then each storage: its length, its bytes. */
async function readOldFormat(source: OpenSource): Promise<StateDict> {
  const storages = new Map<string, { readonly width: number; length: number }>();
  const rules: PickleRules = {
    globals: torchGlobals,
    persistentId(id) {
      const storage = storageOf(id);
      const width = (storage.dtype === null ? 8 : dtypes[storage.dtype].bits) / 8;
      const known = storages.get(storage.key);
      if (known !== undefined && known.width !== width)
        throw new TypeError(`pickle: storage '${storage.key}' has two types`);
      storages.set(storage.key, {
        width,
        length: Math.max(known?.length ?? 0, storage.viewOffset + storage.length),
      });
      return storage;
    },
  };
  const { values, end } = await readPickles(source, 5, rules);
  const [, protocol, system, value, keys] = values;
  if (protocol !== OLD_PROTOCOL)
    throw new RangeError(`${source.name}: format ${shown(protocol)}, expected ${OLD_PROTOCOL}`);
  if (system instanceof Map && system.get('little_endian') === false)
    throw new TypeError(`${source.name}: written on a big-endian machine, which is not supported`);
  if (!Array.isArray(keys)) throw new TypeError(`${source.name}: the list of storages is missing`);

  const starts = new Map<string, number>();
  let at = end;
  for (const key of keys.map(keyText)) {
    const storage = storages.get(key);
    if (storage === undefined || starts.has(key))
      throw new RangeError(`storage '${key}' is listed and not used, or twice`);
    if (at + 8 > source.size) throw new RangeError(`storage '${key}' is missing: truncated`);
    const prefix = await source.read(at, 8);
    const length = Number(new DataView(prefix.buffer, prefix.byteOffset, 8).getBigInt64(0, true));
    const bytes = length * storage.width;
    if (length < storage.length || !(at + 8 + bytes <= source.size))
      throw new RangeError(
        `storage '${key}' has ${length} elements, expected ${storage.length}, or the file is truncated`,
      );
    starts.set(key, at + 8);
    at += 8 + bytes;
  }
  return readTensors(value, source, ({ key }) => {
    const start = starts.get(key);
    if (start === undefined) throw new RangeError(`storage '${key}' is not listed`);
    return start;
  });
}

/** Reads more and more of the file until `count` pickles are complete: how long they are is not written anywhere. */
async function readPickles(source: OpenSource, count: number, rules: PickleRules) {
  for (let length = Math.min(FIRST_READ, source.size); ; length = Math.min(length * 8, source.size, LARGEST_PICKLE)) {
    const bytes = await source.read(0, length);
    try {
      const values: unknown[] = [];
      let end = 0;
      for (let i = 0; i < count; i++) {
        const pickle = unpickle(bytes, end, rules);
        values.push(pickle.value);
        end = pickle.end;
      }
      return { values, end };
    } catch (error) {
      if (!(error instanceof PickleEndError) || length === Math.min(source.size, LARGEST_PICKLE)) throw error;
    }
  }
}
