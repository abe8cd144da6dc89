/** Keras's files: HDF5 as Keras 1 and 2 wrote it (weights or whole models), .weights.h5 and the .keras archive of Keras 3. */

import { weightRole } from '../../state-dict/roles.js';
import type { StateDict, StateTensor } from '../../state-dict/state-dict.js';
import { type Hdf5File, type Hdf5Object, openHdf5 } from '../hdf5/hdf5.js';
import { type OpenSource, openSource, type Source } from '../source.js';
import { readZipDirectory, readZipEntry, type ZipEntry } from '../zip-directory.js';

const LARGEST_CONFIG = 2 ** 26;

/**
 * Reads the weights in a Keras file: .h5 of Keras 1 and 2, .weights.h5 and .keras of Keras 3.
 * @param source its bytes, its path or a reader. From a path, each tensor is read when its `data` is asked for
 * @returns the tensors under the layers' names and PyTorch's roles (`conv1.weight`, `bn.running_mean`), in Keras's layout, which
 *   each tensor says in `layout`; `loadStateDict` takes them as they are
 * @throws TypeError or RangeError naming the source and what is wrong
 * @example
 * import { readKerasH5 } from '@cnnzoo/weights';
 *
 * const dict = await readKerasH5('vgg16_weights_tf_dim_ordering_tf_kernels.h5');
 * console.log(dict.get('block1_conv1.weight')?.shape); // [3, 3, 3, 64]
 */
export async function readKerasH5(source: Source): Promise<StateDict> {
  const opened = await openSource(source);
  const start = await opened.read(0, Math.min(2, opened.size));
  if (start[0] === 0x50 && start[1] === 0x4b) return readArchive(opened);
  return readHdf5(opened, new Map());
}

async function readArchive(source: OpenSource): Promise<StateDict> {
  const entries = await readZipDirectory(source);
  const required = (name: string): ZipEntry => {
    const entry = entries.get(name);
    if (entry === undefined) throw new TypeError(`${source.name}: a zip archive without ${name}: not a .keras file`);
    return entry;
  };
  const weights = required('model.weights.h5');
  const config = await readZipEntry(source, required('config.json'), LARGEST_CONFIG);
  return readHdf5(await within(source, weights), layerConfigs(config, source.name));
}

/** An entry of an archive as a source of its own: in place where it is stored, else in memory. */
async function within(source: OpenSource, entry: ZipEntry): Promise<OpenSource> {
  if (entry.deflated && entry.size > 2 ** 20 + 100 * entry.storedSize)
    throw new RangeError(
      `${source.name}: '${entry.name}' claims to unpack from ${entry.storedSize} to ${entry.size} bytes`,
    );
  if (entry.deflated)
    return { ...(await openSource(await readZipEntry(source, entry, entry.size))), name: source.name };
  const { readSync } = source;
  return {
    ...source,
    size: entry.size,
    read: (offset, length) => source.read(entry.offset + offset, length),
    ...(readSync !== undefined && {
      readSync: (offset: number, length: number) => readSync(entry.offset + offset, length),
    }),
  };
}

/** What config.json says about a layer. */
interface LayerConfig {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Layers by their place in the file. Keras 3 files call a layer by its class in snake case and a number, counted in the order
 * of the model's layers: conv2d, conv2d_1, …; files since 2025 also have the layer's name.
 */
function layerConfigs(json: Uint8Array, file: string): ReadonlyMap<string, LayerConfig> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(json));
  } catch (cause) {
    throw new TypeError(`${file}: config.json is not JSON`, { cause });
  }
  const layers = member(member(parsed, 'config'), 'layers');
  const places = new Map<string, LayerConfig>();
  const counts = new Map<string, number>();
  for (const layer of Array.isArray(layers) ? layers : []) {
    const className = String(member(layer, 'class_name'));
    const config = member(layer, 'config');
    const snake = snakeCase(className);
    const count = counts.get(snake) ?? 0;
    counts.set(snake, count + 1);
    const place = count === 0 ? snake : `${snake}_${count}`;
    places.set(place, {
      name: String(member(config, 'name') ?? member(layer, 'name') ?? place),
      className,
      config: isRecord(config) ? config : {},
    });
  }
  return places;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function member(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Keras's own rule: Conv2D is conv2d, BatchNormalization is batch_normalization. */
function snakeCase(className: string): string {
  return className
    .replaceAll(/\W+/g, '')
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

async function readHdf5(source: OpenSource, configs: ReadonlyMap<string, LayerConfig>): Promise<StateDict> {
  const file = await openHdf5(source);
  const legacy =
    file.root.attributes.has('layer_names') || file.root.attributes.has('layer_names0')
      ? file.root
      : await file.find(file.root, 'model_weights');
  const dict: StateDict = new Map();
  const add = async (key: string, object: Hdf5Object) => {
    if (dict.has(key)) throw new RangeError(`${source.name}: two tensors are called '${key}'`);
    dict.set(key, inKerasLayout(await file.read(key, object)));
  };
  if (legacy !== null) await readLegacy(file, legacy, add);
  else await readKeras3(file, configs, add);
  if (dict.size === 0)
    throw new TypeError(
      `${source.name}: no Keras weights: its members are ${[...(file.root.members?.keys() ?? [])].slice(0, 20).join(', ') || 'none'}`,
    );
  return dict;
}

/** Not by spreading, which would read the data of a lazy tensor. */
function inKerasLayout(tensor: StateTensor): StateTensor {
  const { slice } = tensor;
  return {
    shape: tensor.shape,
    dtype: tensor.dtype,
    layout: 'keras',
    get data() {
      return tensor.data;
    },
    ...(slice !== undefined && { slice }),
  };
}

type Add = (key: string, object: Hdf5Object) => Promise<void>;

/** Keras 1 and 2: the attribute layer_names, a group a layer with the attribute weight_names, which are paths in that group. */
async function readLegacy(file: Hdf5File, root: Hdf5Object, add: Add): Promise<void> {
  for (const layer of textList(root, 'layer_names')) {
    const group = await file.find(root, layer);
    if (group === null) throw new RangeError(`layer '${layer}' is listed and missing`);
    for (const path of textList(group, 'weight_names')) {
      const object = await file.find(group, path);
      if (object === null) throw new RangeError(`weight '${path}' of layer '${layer}' is listed and missing`);
      await add(legacyKey(layer, path), object);
    }
  }
}

/** Lists over 64 KB are split into layer_names0, layer_names1, … */
function textList({ attributes }: Hdf5Object, name: string): string[] {
  const whole = attributes.get(name);
  if (whole !== undefined) return [...whole];
  const parts: string[] = [];
  for (let i = 0; attributes.has(`${name}${i}`); i++) parts.push(...(attributes.get(`${name}${i}`) ?? []));
  return parts;
}

/** Keras 1's names; its running_std holds the variance. */
const keras1Roles: Readonly<Record<string, string>> = { W: 'weight', b: 'bias', running_std: 'running_var' };

/** 'conv1/kernel:0' or Keras 1's 'conv1_W_1:0' in layer conv1: conv1.weight. Layers within a layer keep their own names, too. */
function legacyKey(layer: string, path: string): string {
  const parts = path.replace(/:\d+$/, '').split('/');
  let name = parts.pop() ?? '';
  if (parts.length === 0 && name.startsWith(`${layer}_`)) name = name.slice(layer.length + 1).replace(/_\d+$/, '');
  const inner = parts.filter((part) => part !== layer);
  const role = Object.hasOwn(keras1Roles, name) ? keras1Roles[name] : weightRole(name);
  return [layer, ...inner, role].join('.');
}

/** Keras 3: layers/conv2d_1/vars/0, the name of the layer as an attribute of vars or in config.json. */
async function readKeras3(file: Hdf5File, configs: ReadonlyMap<string, LayerConfig>, add: Add): Promise<void> {
  const visit = async (container: Hdf5Object, prefix: string, depth: number): Promise<void> => {
    if (depth > 16) throw new RangeError('models within models, without end');
    for (const place of container.members?.keys() ?? []) {
      const layer = await file.find(container, place);
      const variables = layer === null ? null : await file.find(layer, 'vars');
      if (layer === null || variables === null) continue;
      const config = depth === 0 ? configs.get(place) : undefined;
      const name = prefix + (variables.attributes.get('name')?.[0] ?? config?.name ?? place);
      const indices = [...(variables.members?.keys() ?? [])].sort((a, b) => Number(a) - Number(b));
      const names = variableNames(config?.className ?? place, indices.length, config?.config ?? {});
      for (const [i, index] of indices.entries()) {
        const object = await file.find(variables, index);
        if (object !== null) await add(`${name}.${names[i] ?? index}`, object);
      }
      const inner = await file.find(layer, 'layers');
      if (inner !== null) await visit(inner, `${name}.`, depth + 1);
    }
  };
  const layers =
    (await file.find(file.root, 'layers')) ?? (await file.find(file.root, '_layer_checkpoint_dependencies'));
  if (layers !== null) await visit(layers, '', 0);
}

/** The roles of a layer's variables in Keras's order. */
function variableNames(className: string, count: number, config: Readonly<Record<string, unknown>>): string[] {
  if (/batch_?normalization/i.test(className)) {
    // Three without a word on which is missing: Keras's own Inception is without scale.
    const scale = config['scale'] ?? count === 4;
    const center = config['center'] ?? true;
    return [...(scale ? ['weight'] : []), ...(center ? ['bias'] : []), 'running_mean', 'running_var'];
  }
  return ['weight', 'bias'];
}
