/** Keras's files: HDF5 as Keras 1 and 2 wrote it (weights or whole models), .weights.h5 and the .keras archive of Keras 3. */
import { checkOptions } from '@cnnzoo/checks';
import {
  type Budget,
  type OpenSource,
  openSource,
  readZipDirectory,
  readZipEntry,
  type Source,
  within,
  zipEntriesByName,
  zipEntryStart,
} from '@cnnzoo/files';
import type { StateDict, StateTensor } from '../../state-dict/state-dict.js';
import { fileKind, kindBytes, wrongKind } from '../file-kind.js';
import { type Hdf5File, type Hdf5Object, openHdf5 } from '../hdf5/hdf5.js';
import { type ReadOptions, readFile, readRules } from '../read-file.js';
import { type LayerConfig, layerConfigs } from './layer-configs.js';
import { isLegacy, legacyWeights } from './legacy.js';
import { layerVariables } from './variables.js';

/**
 * Reads the weights in a Keras file: .h5 of Keras 1 and 2, .weights.h5 and .keras of Keras 3.
 * @param source a path, a file or https URL, bytes, a Blob or a reader. Tensors of a path are read when their `data` is asked for, unless
 *   they are compressed
 * @param options `limits`
 * @returns the tensors under the layers' names and PyTorch's roles (`conv1.weight`, `bn.running_mean`), in Keras's layout, which
 *   each tensor says in `layout`; `loadStateDict` takes them as they are. Kernels of int8 are the float32 that they stand for
 * @throws TypeError or RangeError naming the source and what is wrong
 * @example
 * import { readKeras } from '@cnnzoo/weights';
 *
 * const dict = await readKeras('vgg16_weights_tf_dim_ordering_tf_kernels.h5');
 * console.log(dict.get('block1_conv1.weight')?.shape); // [3, 3, 3, 64]
 */
export async function readKeras(source: Source, options: ReadOptions = {}): Promise<StateDict> {
  checkOptions<ReadOptions>('readKeras', options, readRules);
  return readFile(source, options, kerasIn);
}

/** The weights in an open Keras file. */
export async function kerasIn(file: OpenSource, budget: Budget): Promise<StateDict> {
  const kind = fileKind(await file.read(0, Math.min(kindBytes, file.size)));
  if (kind === 'zip') return readArchive(file, budget);
  // HDF5 may start after other bytes, so its reader says what is missing.
  if (typeof kind === 'object' && !/^no file/.test(kind.instead)) throw wrongKind(kind, 'a Keras file');
  return readHdf5(file, budget, new Map());
}

async function readArchive(source: OpenSource, budget: Budget): Promise<StateDict> {
  const entries = zipEntriesByName(await readZipDirectory(source, budget), source.name);
  const weights = entries.get('model.weights.h5');
  const config = entries.get('config.json');
  if (weights === undefined || config === undefined)
    throw new TypeError(
      `a zip archive without ${weights === undefined ? 'model.weights.h5' : 'config.json'}: not a .keras file`,
    );
  const configs = layerConfigs(await readZipEntry(source, config, budget), budget);
  const inner =
    weights.method === 0 && !weights.encrypted
      ? within(source, await zipEntryStart(source, weights), weights.size)
      : await openSource(await readZipEntry(source, weights, budget));
  return readHdf5(inner, budget, configs);
}

async function readHdf5(
  source: OpenSource,
  budget: Budget,
  configs: ReadonlyMap<string, LayerConfig>,
): Promise<StateDict> {
  const file = await openHdf5(source, budget);
  const dict: StateDict = new Map();
  const add = (key: string, tensor: StateTensor) => {
    if (dict.has(key)) throw new RangeError(`two tensors are called '${key}'`);
    dict.set(key, inKerasLayout(tensor));
  };
  const legacy = isLegacy(file.root) ? file.root : await file.find(file.root, 'model_weights');
  if (legacy !== null)
    for await (const [key, object] of legacyWeights(file, legacy)) add(key, await file.read(key, object));
  else await readKeras3(file, configs, add);
  if (dict.size === 0) throw noWeights(file.root);
  return dict;
}

function noWeights(root: Hdf5Object): TypeError {
  const members = [...(root.members?.keys() ?? [])];
  return new TypeError(
    `no weights of Keras layers: its members are ${members.slice(0, 20).join(', ') || 'none'}. A model that is a class of its own (a subclass of keras.Model) names its layers by the attributes of that class: save a functional or sequential model`,
  );
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

/** Keras 3: layers/conv2d_1/vars/0, the name of the layer as an attribute of vars or in config.json. */
async function readKeras3(
  file: Hdf5File,
  configs: ReadonlyMap<string, LayerConfig>,
  add: (key: string, tensor: StateTensor) => void,
): Promise<void> {
  const visit = async (container: Hdf5Object, prefix: string, depth: number): Promise<void> => {
    if (depth > 16) throw new RangeError('models within models, without end');
    for (const place of container.members?.keys() ?? []) {
      const layer = await file.find(container, place);
      const variables = layer === null ? null : await file.find(layer, 'vars');
      if (layer === null || variables === null) continue;
      const config = depth === 0 ? configs.get(place) : undefined;
      const name = prefix + (variables.attributes.get('name')?.[0] ?? config?.name ?? place);
      const indices = [...(variables.members?.keys() ?? [])].sort((a, b) => Number(a) - Number(b));
      const tensors: StateTensor[] = [];
      for (const index of indices) {
        const object = await file.find(variables, index);
        if (object !== null) tensors.push(await file.read(`${name}.${index}`, object));
      }
      for (const [role, tensor] of layerVariables(config?.className ?? place, tensors, config?.config ?? {}))
        add(`${name}.${role}`, tensor);
      const inner = await file.find(layer, 'layers');
      if (inner !== null) await visit(inner, `${name}.`, depth + 1);
    }
  };
  const layers =
    (await file.find(file.root, 'layers')) ?? (await file.find(file.root, '_layer_checkpoint_dependencies'));
  if (layers !== null) await visit(layers, '', 0);
}
