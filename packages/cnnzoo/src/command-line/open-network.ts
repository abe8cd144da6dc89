/** What `summary`, `export` and `convert` take: a network's name, a published set, a repository of the hub, a folder that holds a model, or an ONNX file. */
import { statSync } from 'node:fs';
import type { LayerSpec } from '@cnnzoo/shape';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isHubName } from '../networks/hub-name.js';
import type { ModelId } from '../networks/models.js';
import { networkRow } from './network-names.js';

export interface BuildOptions {
  readonly inputShape?: [number, number, number];
  readonly numClasses?: number;
}

/** The options of a network that were given on the command line. */
export function buildOptions(input: [number, number, number] | undefined, classes: number | undefined): BuildOptions {
  return { ...(input && { inputShape: input }), ...(classes !== undefined && { numClasses: classes }) };
}

/**
 * tfjs on its slowest and smallest backend: models need one for their weights, and nothing is computed. Without its banner, which
 * recommends another one.
 */
export async function withoutComputing(): Promise<void> {
  const [tf] = await Promise.all([import('@tensorflow/tfjs-core'), import('@tensorflow/tfjs-backend-cpu')]);
  tf.enableProdMode();
  await tf.setBackend('cpu');
}

/** A model with zeros as its weights, or that of a folder. The caller disposes it. */
export async function openModel(name: string, options: BuildOptions): Promise<LayersModel> {
  await withoutComputing();
  if (isFolder(name)) {
    if (Object.keys(options).length > 0)
      throw new TypeError(`${name} is a folder: its model has its own input and classes`);
    return openFolder(name);
  }
  const published = await publishedNetwork(name);
  const { id } = networkRow(published?.id ?? name);
  const { createModel } = await import('../networks/create-model.js');
  return createModel(id, { ...published?.options, ...options, initialWeights: 'zeros' });
}

/** Published weights, and the network as they need it. */
export interface PublishedNetwork {
  /** The set or the repository, as it was named. */
  readonly weights: string;
  readonly id: ModelId;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The network of a published set ('resnet50.IMAGENET1K_V2') or of a repository of the hub ('hf-hub:owner/name'); null for any other word. */
export async function publishedNetwork(name: string): Promise<PublishedNetwork | null> {
  if (isHubName(name)) {
    const { describeHubWeights } = await import('@cnnzoo/weights');
    const { architecture, numClasses, inputShape, options } = await describeHubWeights(name);
    const own = { ...options, numClasses, ...(inputShape !== null && { inputShape }) };
    return { weights: name, id: networkRow(architecture).id, options: own };
  }
  // What has no dot is no set: the registry is imported for those alone.
  if (!name.includes('.')) return null;
  const { findWeights } = await import('@cnnzoo/weights');
  const set = findWeights(name);
  return set === null ? null : { weights: name, id: networkRow(set.architecture).id, options: set.options };
}

/** The network with its weights, downloaded where they are not in the cache. The caller disposes it. */
export async function openPublished(
  { id, weights }: PublishedNetwork,
  options: BuildOptions = {},
): Promise<LayersModel> {
  await withoutComputing();
  const { fromPretrained } = await import('../networks/from-pretrained.js');
  return fromPretrained(id, { ...options, weights } as never);
}

async function openFolder(folder: string): Promise<LayersModel> {
  const [{ loadLayersModel }, { layersModelFolder }] = await Promise.all([
    import('@tensorflow/tfjs-layers'),
    import('@cnnzoo/weights'),
    import('@cnnzoo/blocks/register'),
  ]);
  return loadLayersModel(layersModelFolder(folder));
}

/** The layers of an ONNX file, as far as their shapes and costs. */
export async function onnxNetwork(file: string): Promise<{ layers: LayerSpec[]; inputShape: readonly number[] }> {
  const { readOnnxLayers } = await import('./onnx/onnx-layers.js');
  return readOnnxLayers(file);
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
