/** TensorFlow.js's own format: model.json with the topology and a manifest of weights, and files with their bytes. */
import * as tf from '@tensorflow/tfjs-core';
import { nodeModule } from '../../node-module.js';
import { elementCount } from '../../state-dict/dtype.js';
import { weightRole } from '../../state-dict/roles.js';
import type { StateDict } from '../../state-dict/state-dict.js';

/** A group of files, concatenated, and the weights in them, one after another. */
interface ManifestGroup {
  readonly paths: readonly string[];
  readonly weights: readonly tf.io.WeightsManifestEntry[];
}

/**
 * A folder with a tfjs layers model, for `tf.loadLayersModel` and `model.save`: Node has no such handler without tfjs-node.
 * @param path the folder, or the model.json in it
 * @returns a handler that reads the folder, or writes model.json and weights.bin there (each under a temporary name first)
 * @throws TypeError or RangeError on loading, naming the file, for a manifest that does not fit its files or leaves the folder
 * @example
 * import { layersModelFolder } from '@cnnzoo/weights';
 * import { loadLayersModel } from '@tensorflow/tfjs-layers';
 *
 * const model = await loadLayersModel(layersModelFolder('models/inception_v3'));
 * await model.save(layersModelFolder('models/copy'));
 */
export function layersModelFolder(path: string): tf.io.IOHandler {
  return { load: () => loadArtifacts(path), save: (artifacts) => saveArtifacts(path, artifacts) };
}

/**
 * Reads the weights of a tfjs layers model without building it.
 * @param path the folder, or the model.json in it
 * @returns the tensors under the layers' names and PyTorch's roles, in Keras's layout, quantised ones expanded
 * @throws as `layersModelFolder`
 * @example
 * import { loadStateDict, readLayersModel } from '@cnnzoo/weights';
 *
 * loadStateDict(model, await readLayersModel('models/inception_v3'), { strict: false });
 */
export async function readLayersModel(path: string): Promise<StateDict> {
  const { weightData, weightSpecs = [] } = await loadArtifacts(path);
  const dict: StateDict = new Map();
  const tensors = tf.io.decodeWeights(weightData instanceof ArrayBuffer ? weightData : new ArrayBuffer(0), weightSpecs);
  try {
    for (const [name, tensor] of Object.entries(tensors)) {
      const parts = name.split('/');
      const role = weightRole(parts.pop() ?? '');
      const data = tensor.dataSync<'float32' | 'int32'>().slice();
      const dtype = data instanceof Float32Array ? 'F32' : data instanceof Int32Array ? 'I32' : 'BOOL';
      dict.set([...parts, role].join('.'), { shape: tensor.shape, dtype, data, layout: 'keras' });
    }
  } finally {
    tf.dispose(tensors);
  }
  return dict;
}

async function loadArtifacts(path: string): Promise<tf.io.ModelArtifacts> {
  const fs = await nodeModule('fs/promises');
  const { dirname, join } = await nodeModule('path');
  const file = path.endsWith('.json') ? path : join(path, 'model.json');
  let json: unknown;
  try {
    json = JSON.parse(await fs.readFile(file, 'utf8'));
  } catch (cause) {
    throw new TypeError(`${file}: no model.json: ${(cause as Error).message}`, { cause });
  }
  const { modelTopology, weightsManifest, ...rest } = (json ?? {}) as Partial<tf.io.ModelJSON>;
  if (typeof modelTopology !== 'object' || !isManifest(weightsManifest))
    throw new TypeError(`${file}: expected modelTopology and weightsManifest`);

  const parts: Uint8Array[] = [];
  const weightSpecs: tf.io.WeightsManifestEntry[] = [];
  for (const { paths, weights } of weightsManifest) {
    const bytes: Uint8Array[] = [];
    for (const shard of paths) {
      if (shard.split(/[\\/]/).some((part) => part === '..' || part === '') || /^[a-z]:/i.test(shard))
        throw new RangeError(`${file}: the path '${shard}' leaves the folder`);
      bytes.push(await fs.readFile(join(dirname(file), shard)));
    }
    const found = bytes.reduce((sum, part) => sum + part.length, 0);
    const expected = weights.reduce((sum, weight) => sum + storedBytes(weight, file), 0);
    if (found !== expected)
      throw new RangeError(`${file}: ${paths.join(', ')} have ${found} bytes, expected ${expected}`);
    parts.push(...bytes);
    weightSpecs.push(...weights);
  }
  const weightData = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    weightData.set(part, at);
    at += part.length;
  }
  return { ...rest, modelTopology, weightSpecs, weightData: weightData.buffer };
}

function isManifest(value: unknown): value is ManifestGroup[] {
  return (
    Array.isArray(value) &&
    value.every(
      (group: Partial<ManifestGroup> | null) =>
        Array.isArray(group?.paths) &&
        group.paths.every((path: unknown) => typeof path === 'string') &&
        Array.isArray(group.weights) &&
        group.weights.every((weight: Partial<tf.io.WeightsManifestEntry> | null) => typeof weight?.name === 'string'),
    )
  );
}

/** Bytes of an element in the file. */
const storedWidths: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  float16: 2,
  uint8: 1,
  uint16: 2,
};

function storedBytes({ name, shape, dtype, quantization }: tf.io.WeightsManifestEntry, file: string): number {
  const stored = quantization?.dtype ?? dtype;
  const width = Object.hasOwn(storedWidths, stored) ? storedWidths[stored] : undefined;
  if (width === undefined || !Array.isArray(shape))
    throw new TypeError(
      `${file}: weight '${name}' of type ${String(stored)} and shape ${String(shape)} cannot be read`,
    );
  return elementCount(shape, `${file}: weight '${name}'`) * width;
}

async function saveArtifacts(path: string, artifacts: tf.io.ModelArtifacts): Promise<tf.io.SaveResult> {
  const fs = await nodeModule('fs/promises');
  const { dirname, join } = await nodeModule('path');
  const file = path.endsWith('.json') ? path : join(path, 'model.json');
  const { weightData, weightSpecs = [], ...rest } = artifacts;
  const parts = weightData === undefined ? [] : Array.isArray(weightData) ? weightData : [weightData];
  const json = { ...rest, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] };
  await fs.mkdir(dirname(file), { recursive: true });
  const write = async (target: string, contents: string | Uint8Array) => {
    const temporary = `${target}.${process.pid}.tmp`;
    await fs.writeFile(temporary, contents);
    await fs.rename(temporary, target);
  };
  await write(join(dirname(file), 'weights.bin'), Buffer.concat(parts.map((part) => new Uint8Array(part))));
  await write(file, JSON.stringify(json));
  return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
}
