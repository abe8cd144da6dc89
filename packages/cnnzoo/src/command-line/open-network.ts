/** What `summary` and `export` take: a network's name, a folder that holds a model, or an ONNX file. */
import { statSync } from 'node:fs';
import type { LayerSpec } from '@cnnzoo/shape';
import type { LayersModel } from '@tensorflow/tfjs-layers';
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
  const { id } = networkRow(name);
  const { createModel } = await import('../networks/create-model.js');
  return createModel(id, { ...options, initialWeights: 'zeros' });
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
