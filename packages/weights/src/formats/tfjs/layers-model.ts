/** TensorFlow.js's own format: model.json with the topology and a manifest of weights, and files with their bytes. */

import { checkOptions, shown } from '@cnnzoo/checks';
import {
  addressOf,
  type Budget,
  isRecord,
  nodeModule,
  openSource,
  parseJson,
  readBudget,
  writeFilesAtomically,
} from '@cnnzoo/files';
import * as tf from '@tensorflow/tfjs-core';
import { elementCount } from '../../state-dict/dtype.js';
import { weightRole } from '../../state-dict/roles.js';
import type { StateDict } from '../../state-dict/state-dict.js';
import { type ReadOptions, readRules } from '../read-file.js';

/** A group of files, concatenated, and the weights in them, one after another. */
interface ManifestGroup {
  readonly paths: readonly string[];
  readonly weights: readonly tf.io.WeightsManifestEntry[];
}

/**
 * A folder with a tfjs layers model, for `tf.loadLayersModel` and `model.save`: Node has no such handler without tfjs-node.
 * @param path the folder, or the model.json in it; a path, a file URL, or for reading an https URL of model.json
 * @returns a handler that reads the folder, or writes model.json and weights.bin there (each under a temporary name first)
 * @throws TypeError or RangeError on loading, naming the file, for a manifest that does not fit its files or leaves the folder
 * @example
 * import { layersModelFolder } from '@cnnzoo/weights';
 * import { loadLayersModel } from '@tensorflow/tfjs-layers';
 *
 * const model = await loadLayersModel(layersModelFolder('models/inception_v3'));
 * await model.save(layersModelFolder('models/copy'));
 */
export function layersModelFolder(path: string | URL): tf.io.IOHandler {
  locate(path);
  return {
    async load() {
      const { artifacts } = await loadArtifacts(path, {});
      // tfjs collects the weights in a plain object.
      if (artifacts.weightSpecs?.some(({ name }) => name === '__proto__'))
        throw new TypeError(
          `${String(path)}: a weight is called '__proto__', which tfjs loses: read it with readLayersModel`,
        );
      return artifacts;
    },
    save: (artifacts) => saveArtifacts(path, artifacts),
  };
}

/**
 * Reads the weights of a tfjs layers model without building it.
 * @param path the folder, or the model.json in it; a path, a file URL, or an https URL of model.json
 * @param options `limits`
 * @returns the tensors under the layers' names and PyTorch's roles, in Keras's layout, quantized ones expanded
 * @throws as `layersModelFolder`
 * @example
 * import { loadStateDict, readLayersModel } from '@cnnzoo/weights';
 *
 * loadStateDict(model, await readLayersModel('models/inception_v3'), { strict: false });
 */
export async function readLayersModel(path: string | URL, options: ReadOptions = {}): Promise<StateDict> {
  checkOptions<ReadOptions>('readLayersModel', options, readRules);
  const { artifacts, budget, file } = await loadArtifacts(path, options);
  const { weightData, weightSpecs = [] } = artifacts;
  for (const { name, shape } of weightSpecs) {
    budget.entries(1);
    budget.memory(elementCount(shape, `${file}: weight '${name}'`) * 4, `the weight '${name.slice(0, 200)}'`);
  }
  const dict: StateDict = new Map();
  // By number: tfjs collects the tensors in a plain object, in which '__proto__' is no name of its own.
  const numbered = weightSpecs.map((spec, i) => ({ ...spec, name: String(i) }));
  tf.tidy(() => {
    const bytes = weightData instanceof ArrayBuffer ? weightData : new ArrayBuffer(0);
    const tensors = namingFile(file, () => tf.io.decodeWeights(bytes, numbered));
    for (const [i, { name }] of weightSpecs.entries()) {
      const tensor = tensors[String(i)];
      if (tensor === undefined) throw new TypeError(`${file}: weight '${name}' cannot be read`);
      const parts = name.split('/');
      const role = weightRole(parts.pop() ?? '');
      const data = tensor.dataSync<'float32' | 'int32'>().slice();
      const dtype = data instanceof Float32Array ? 'F32' : data instanceof Int32Array ? 'I32' : 'BOOL';
      dict.set([...parts, role].join('.'), { shape: tensor.shape, dtype, data, layout: 'keras' });
    }
  });
  return dict;
}

/** What tfjs finds wrong, such as a quantization that it does not have, with the file's name. */
function namingFile<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new TypeError(`${file}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** The address of model.json and, from it, of the files beside it. */
function locate(path: string | URL): { readonly file: string; readonly beside: (name: string) => string } {
  const address = path instanceof URL ? path.href : path;
  if (typeof address !== 'string' || address === '')
    throw new TypeError(`path must be a folder, a model.json or an address of one, got ${shown(path)}`);
  const url = addressOf(address);
  if (url !== null)
    return {
      file: url,
      beside: (name) => new URL(name.split('/').map(encodeURIComponent).join('/'), url).href,
    };
  const { dirname, join } = nodeModule('node:path');
  const local = /^file:\/\//i.test(address) ? nodeModule('node:url').fileURLToPath(address) : address;
  const file = local.endsWith('.json') ? local : join(local, 'model.json');
  return { file, beside: (name) => join(dirname(file), name) };
}

async function loadArtifacts(path: string | URL, { limits }: ReadOptions) {
  const { file, beside } = locate(path);
  const source = await openSource(file, limits).catch((cause: Error) => {
    throw new TypeError(`${file}: no model.json: ${cause.message}`, { cause });
  });
  const text = await source.read(0, source.size);
  const json = parsed(text, file, readBudget(file, source.size, limits));
  const { modelTopology, weightsManifest, ...rest } = json as Partial<tf.io.ModelJSON>;
  if (typeof modelTopology !== 'object' || !isManifest(weightsManifest))
    throw new TypeError(`${file}: expected modelTopology and weightsManifest`);
  checkNames(weightsManifest, file);

  // All sizes first, then the bytes: a manifest may name one file thousands of times.
  const sources = [];
  const known = new Map<string, number>();
  for (const { paths, weights } of weightsManifest) {
    const group = [];
    for (const name of paths) {
      const opened = await openSource(beside(name), limits);
      known.set(name, opened.size);
      group.push(opened);
    }
    const found = group.reduce((sum, { size }) => sum + size, 0);
    const expected = weights.reduce((sum, weight) => sum + storedBytes(weight, file), 0);
    if (found !== expected)
      throw new RangeError(
        `${file}: ${paths.slice(0, 5).join(', ')}${paths.length > 5 ? ', …' : ''} have ${found} bytes, expected ${expected}`,
      );
    sources.push(...group);
  }
  const size = [...known.values()].reduce((sum, bytes) => sum + bytes, source.size);
  const budget = readBudget(file, size, limits);
  const total = sources.reduce((sum, part) => sum + part.size, 0);
  budget.memory(total, 'its files of weights');
  const weightData = new Uint8Array(total);
  let at = 0;
  for (const part of sources) {
    weightData.set(await part.read(0, part.size), at);
    at += part.size;
  }
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const artifacts: tf.io.ModelArtifacts = { ...rest, modelTopology, weightSpecs, weightData: weightData.buffer };
  return { artifacts, budget, file };
}

function parsed(text: Uint8Array, file: string, budget: Budget): Record<string, unknown> {
  const json = parseJson(text, `${file}: model.json`, budget);
  return isRecord(json) ? json : {};
}

/** Before any file is opened: its path stays in the folder, and no file is named twice. */
function checkNames(manifest: readonly ManifestGroup[], file: string): void {
  const names = new Set<string>();
  for (const { paths } of manifest)
    for (const path of paths) {
      const name = path.slice(0, 200);
      if (path.split(/[\\/]/).some((part) => part === '..' || part === '') || /^[a-z][a-z+.-]*:/i.test(path))
        throw new RangeError(`${file}: the path '${name}' leaves the folder`);
      if (names.has(path)) throw new RangeError(`${file}: weightsManifest names '${name}' twice`);
      names.add(path);
    }
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
  // A quantized weight's own type, too: tfjs would refuse it without the file's name.
  if (width === undefined || !Object.hasOwn(storedWidths, dtype) || !Array.isArray(shape))
    throw new TypeError(
      `${file}: weight '${name}' of type ${String(dtype)}, stored as ${String(stored)}, and shape ${String(shape)} cannot be read`,
    );
  return elementCount(shape, `${file}: weight '${name}'`) * width;
}

async function saveArtifacts(path: string | URL, artifacts: tf.io.ModelArtifacts): Promise<tf.io.SaveResult> {
  const { file, beside } = locate(path);
  if (/^https?:/i.test(file)) throw new TypeError(`path must be a folder to save to, got ${file}`);
  const { weightData, weightSpecs = [], ...rest } = artifacts;
  const parts = weightData === undefined ? [] : Array.isArray(weightData) ? weightData : [weightData];
  const json = { ...rest, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] };
  await nodeModule('node:fs/promises').mkdir(nodeModule('node:path').dirname(file), { recursive: true });
  await writeFilesAtomically([
    { path: beside('weights.bin'), content: Buffer.concat(parts.map((part) => new Uint8Array(part))) },
    { path: file, content: JSON.stringify(json) },
  ]);
  return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
}
