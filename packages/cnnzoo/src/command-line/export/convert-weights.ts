/** Weights of any format that this project reads, in any format that it writes. */
import { stat } from 'node:fs/promises';
import { writeAtomically } from '@cnnzoo/files';
import type { StateDict } from '@cnnzoo/weights';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ModelId } from '../../networks/models.js';
import { networkRow } from '../network-names.js';
import { isFolder, openPublished, publishedNetwork, withoutComputing } from '../open-network.js';
import { checkParent, formatOf, writeModel } from './export-model.js';

export interface Converted {
  readonly tensors: number;
  readonly numbers: number;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

interface ConvertOptions {
  readonly network: string | undefined;
  readonly classes: number | undefined;
}

/** @throws TypeError or RangeError naming the file, and the option that would help */
export async function convertWeights(source: string, target: string, options: ConvertOptions): Promise<Converted> {
  await checkParent(target);
  const format = formatOf(target);
  const { network, classes } = options;
  const published = (await stat(source).catch(() => null)) === null ? await publishedNetwork(source) : null;
  if (published !== null) {
    for (const [name, value] of Object.entries(options))
      if (value !== undefined) throw new TypeError(`${source} says itself what its network is: leave --${name} out`);
    return writtenModel(await openPublished(published), target);
  }
  const { dict, namedFor } = await readAny(source);
  if (network !== undefined) return throughNetwork({ dict, namedFor }, target, networkRow(network).id, classes);
  if (format === 'onnx' || format === 'tfjs')
    throw new TypeError(`${target} is to hold a network as well: say which one with --network`);
  if ([...dict.values()].some(({ layout }) => layout === 'keras'))
    throw new TypeError(`${source} has Keras's names and order of axes: say with --network which network it is of`);
  if (format === 'torch') {
    const { writeTorchFile } = await import('./torch-file.js');
    await writeTorchFile(target, dict);
  } else {
    const { writeSafetensors } = await import('@cnnzoo/weights');
    await writeAtomically(target, writeSafetensors(dict));
  }
  return { ...count(dict), files: [{ path: target, bytes: (await stat(target)).size }] };
}

/** What a file holds, and the same with a network's names, where it has others. */
interface AnyWeights {
  readonly dict: StateDict;
  readonly namedFor: (model: LayersModel) => StateDict;
}

async function throughNetwork(
  { dict, namedFor }: AnyWeights,
  target: string,
  id: ModelId,
  classes: number | undefined,
): Promise<Converted> {
  await withoutComputing();
  const [{ createModel }, { loadStateDict }, { classesInHead }] = await Promise.all([
    import('../../networks/create-model.js'),
    import('@cnnzoo/weights'),
    import('../../classifier/head.js'),
  ]);
  const numClasses = classes ?? classesInHead(dict, id);
  const model = createModel(id, { initialWeights: 'zeros', ...(numClasses !== undefined && { numClasses }) });
  try {
    loadStateDict(model, namedFor(model));
  } catch (error) {
    model.dispose();
    throw error;
  }
  return writtenModel(model, target);
}

/** Writes the model, and disposes it. */
async function writtenModel(model: LayersModel, target: string): Promise<Converted> {
  const { stateDict } = await import('@cnnzoo/weights');
  try {
    const { files } = await writeModel(model, target, { format: undefined, onnx: {} });
    return { ...count(stateDict(model)), files };
  } finally {
    model.dispose();
  }
}

async function readAny(source: string): Promise<AnyWeights> {
  const { readLayersModel, readWeights } = await import('@cnnzoo/weights');
  if ((await stat(source).catch(() => null)) === null) throw new Error(`there is no file ${source}`);
  if (source.endsWith('.onnx')) {
    const { namedFor, readOnnxWeights } = await import('../../onnx/onnx-weights.js');
    const weights = await readOnnxWeights(source);
    return { dict: weights.dict, namedFor: (model) => namedFor(model, weights) };
  }
  const isLayersModel = isFolder(source) || source.endsWith('model.json');
  if (isLayersModel) await withoutComputing();
  const dict = await (isLayersModel ? readLayersModel(source) : readWeights(source));
  return { dict, namedFor: () => dict };
}

function count(dict: StateDict): Pick<Converted, 'tensors' | 'numbers'> {
  let numbers = 0;
  for (const { shape } of dict.values()) numbers += shape.reduce((product, size) => product * size, 1);
  return { tensors: dict.size, numbers };
}
