/** PyTorch's files: a zip archive since PyTorch 1.6, before that a row of pickles followed by the storages. */
import { checkOptions, type OptionRules, optional, rule } from '@cnnzoo/checks';
import {
  type Budget,
  type OpenSource,
  openSource,
  readBudget,
  readZipDirectory,
  readZipEntry,
  type Source,
  type ZipEntry,
  zipEntriesByName,
  zipEntryStart,
} from '@cnnzoo/files';
import { dtypes } from '../../state-dict/dtype.js';
import type { StateDict } from '../../state-dict/state-dict.js';
import { fileKind, kindBytes, wrongKind } from '../file-kind.js';
import { type ReadOptions, readFile, readRules } from '../read-file.js';
import { findStateDict, keyText } from './checkpoint.js';
import { readTorchValue } from './derived-tensors.js';
import { PickleEndError, type PickleRules, shown, unpickle } from './pickle.js';
import { torchGlobals } from './torch-globals.js';
import { type Storages, storageDtype, TorchStorage } from './torch-tensor.js';

/** The pickles of old files: they name and place tensors, which takes kilobytes. */
const largestPickle = 2 ** 26;
const firstRead = 2 ** 20;
/** What every old file starts with. */
const oldMagic = 0x1950a86a20f9469cfc6cn;
const oldProtocol = 1001;

/** Options of `readTorch`. */
export interface ReadTorchOptions extends ReadOptions {
  /**
   * Which state dict of a checkpoint to read, by its key: 'model_ema', 'teacher', or 'model.state_dict' for one within a dict. Default:
   * the only one. '' is the checkpoint's own level.
   */
  readonly entry?: string;
}

export const readTorchRules: OptionRules<ReadTorchOptions> = {
  ...readRules,
  entry: optional(rule<string>('a text', (value) => typeof value === 'string')),
};

/**
 * Reads the tensors of a PyTorch file: .pth, .pt, .th or .bin, in the zip format and in the one before it.
 *
 * Nothing in the file is executed. What the pickle would have Python make of an unknown class (an optimizer's settings, command-line
 * arguments, numbers of NumPy) stays an inert object, and is an error only where a tensor of the state dict would be made of it. Of a
 * training checkpoint the only state dict is read, wherever it is; where there are several, `entry` says which.
 * @param source a path, a file or https URL, bytes, a Blob or a reader. Tensors of a path are read when their `data` is asked for
 * @param options `entry`, `limits`
 * @returns the tensors by name, contiguous whatever their strides; F16 and BF16 widened, quantized ones as the float32 they stand for,
 *   sparse ones with their zeros
 * @throws TypeError or RangeError naming the source and what is wrong: a checkpoint with several state dicts, which it lists; a whole
 *   module or a TorchScript file, with how to save its state dict
 * @example
 * import { resnet18 } from '@cnnzoo/resnet';
 * import { loadStateDict, readTorch } from '@cnnzoo/weights';
 *
 * const dict = await readTorch('resnet18-f37072fd.pth');
 * loadStateDict(resnet18(), dict);
 * const average = await readTorch('checkpoint.pth', { entry: 'model_ema' });
 */
export async function readTorch(source: Source, options: ReadTorchOptions = {}): Promise<StateDict> {
  checkOptions<ReadTorchOptions>('readTorch', options, readTorchRules);
  return readFile(source, options, (file, budget) => torchIn(file, budget, options));
}

/** The tensors of an open PyTorch file. */
export async function torchIn(
  file: OpenSource,
  budget: Budget,
  { entry, limits }: ReadTorchOptions = {},
): Promise<StateDict> {
  const kind = fileKind(await file.read(0, Math.min(kindBytes, file.size)));
  if (kind !== 'zip' && kind !== 'pickle') throw wrongKind(kind, 'a PyTorch file');
  // How long old pickles are is written nowhere, so they may be read again, each time within a budget of its own.
  const { value, storages } =
    kind === 'zip'
      ? await readZipFormat(file, budget)
      : await readOldFormat(file, budget, () => readBudget(file.name, file.size, limits));
  const dict: StateDict = new Map();
  for (const [name, tensor] of findStateDict(value, entry, budget))
    dict.set(name, await readTorchValue(`'${name}'`, tensor, storages));
  return dict;
}

/** What the pickle holds, and where the storages are that it refers to. */
interface TorchFile {
  readonly value: unknown;
  readonly storages: Storages;
}

/** NAME/data.pkl, and a file NAME/data/KEY for each storage. */
async function readZipFormat(source: OpenSource, budget: Budget): Promise<TorchFile> {
  const entries = zipEntriesByName(await readZipDirectory(source, budget), source.name);
  const pickle = [...entries.keys()].find((name) => /^([^/]*\/)?data\.pkl$/.test(name));
  if (pickle === undefined)
    throw new TypeError(
      `a zip archive without data.pkl: not a PyTorch file (it has ${[...entries.keys()].slice(0, 5).map(shown).join(', ') || 'no files'})`,
    );
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (entries.has(`${folder}constants.pkl`))
    throw new TypeError(
      "it is a TorchScript file, a program. Save its state dict in Python: torch.save(torch.jit.load(file).state_dict(), 'state-dict.pth')",
    );
  const text = async (name: string) => {
    const entry = entries.get(folder + name);
    return entry === undefined || entry.size > 16
      ? ''
      : new TextDecoder().decode(await readZipEntry(source, entry, budget));
  };
  if ((await text('byteorder')).trim() === 'big')
    throw new TypeError('it was written on a big-endian machine, which is not supported');

  const used = new Map<string, ZipEntry>();
  const rules: PickleRules = {
    globals: torchGlobals,
    budget,
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
  const entry = entries.get(pickle);
  const bytes = entry === undefined ? new Uint8Array(0) : await readZipEntry(source, entry, budget);
  const { value } = unpickle(bytes, 0, rules);
  return { value, storages: await storagesOf(source, used, budget) };
}

/** Storages are read in place. Those of a re-packed, deflated archive are inflated into memory. */
async function storagesOf(
  source: OpenSource,
  entries: ReadonlyMap<string, ZipEntry>,
  budget: Budget,
): Promise<Storages> {
  const places = new Map<string, { source: OpenSource; start: number }>();
  for (const [key, entry] of entries) {
    if (entry.method === 0 && !entry.encrypted) places.set(key, { source, start: await zipEntryStart(source, entry) });
    else places.set(key, { source: await openSource(await readZipEntry(source, entry, budget)), start: 0 });
  }
  return { place: ({ key }) => placeOf(places, key), budget };
}

function placeOf<Place>(places: ReadonlyMap<string, Place>, key: string): Place {
  const place = places.get(key);
  if (place === undefined) throw new RangeError(`storage '${key}' is not listed`);
  return place;
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
async function readOldFormat(source: OpenSource, budget: Budget, again: () => Budget): Promise<TorchFile> {
  const storages = new Map<string, { readonly width: number; length: number }>();
  const persistentId = (id: unknown) => {
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
  };
  const { values, end } = await readPickles(source, 5, () => ({
    globals: torchGlobals,
    persistentId,
    budget: again(),
  }));
  const [, protocol, system, value, keys] = values;
  if (protocol !== oldProtocol) throw new RangeError(`format ${shown(protocol)}, expected ${oldProtocol}`);
  if (system instanceof Map && system.get('little_endian') === false)
    throw new TypeError('it was written on a big-endian machine, which is not supported');
  if (!Array.isArray(keys)) throw new TypeError('the list of storages is missing');

  const places = new Map<string, { source: OpenSource; start: number }>();
  let at = end;
  for (const key of keys.map(keyText)) {
    const storage = storages.get(key);
    if (storage === undefined || places.has(key))
      throw new RangeError(`storage '${key}' is listed and not used, or twice`);
    if (at + 8 > source.size) throw new RangeError(`storage '${key}' is missing: truncated`);
    const prefix = await source.read(at, 8);
    const length = Number(new DataView(prefix.buffer, prefix.byteOffset, 8).getBigInt64(0, true));
    const bytes = length * storage.width;
    if (length < storage.length || !(at + 8 + bytes <= source.size))
      throw new RangeError(
        `storage '${key}' has ${length} elements, expected ${storage.length}, or the file is truncated`,
      );
    places.set(key, { source, start: at + 8 });
    at += 8 + bytes;
  }
  return { value, storages: { place: ({ key }) => placeOf(places, key), budget } };
}

/** Reads more and more of the file until `count` pickles are complete: how long they are is not written anywhere. */
async function readPickles(source: OpenSource, count: number, rules: () => PickleRules) {
  const most = Math.min(source.size, largestPickle);
  for (let length = Math.min(firstRead, most); ; length = Math.min(length * 8, most)) {
    const bytes = await source.read(0, length);
    const attempt = rules();
    try {
      const values: unknown[] = [];
      let end = 0;
      for (let i = 0; i < count; i++) {
        const pickle = unpickle(bytes, end, attempt);
        if (i === 0 && pickle.value !== oldMagic)
          throw new TypeError(
            `a pickle that torch.save has not written (it holds ${shown(pickle.value)}): save a state dict with torch.save`,
          );
        values.push(pickle.value);
        end = pickle.end;
      }
      return { values, end };
    } catch (error) {
      if (!(error instanceof PickleEndError) || length === most) throw error;
    }
  }
}
