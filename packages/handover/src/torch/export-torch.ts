import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { check, layersModel, string } from '@cnnzoo/checks';
import { writeFilesAtomically } from '@cnnzoo/files';
import { readMetadata } from '@cnnzoo/metadata';
import { stateDict, writeSafetensors } from '@cnnzoo/weights';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { networkProgram } from './network-program.js';

/** A network for PyTorch. */
export interface TorchNetwork {
  /** The text of a Python module with `class Network(nn.Module)`. */
  readonly program: string;
  /** The bytes of a safetensors file: the state dict, which `load_state_dict` takes strictly. */
  readonly weights: Uint8Array;
}

/**
 * A network as a readable PyTorch module, with its weights. Modules have the layers' names, so that state dicts fit strictly, in both directions:
 * what PyTorch has trained comes back by `loadStateDict(model, await readSafetensors(…))` of `@cnnzoo/weights`. In training it gives the
 * logits of all heads, otherwise those of the first.
 *
 * @param model a layers model with one input
 * @returns the program and the weights
 * @throws TypeError for what is no layers model; RangeError naming a layer that has no form in PyTorch here
 * @example
 * import { writeFileSync } from 'node:fs';
 * import { exportTorch } from '@cnnzoo/handover';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * const { program, weights } = exportTorch(resnet18());
 * writeFileSync('network.py', program);
 * writeFileSync('weights.safetensors', weights);
 */
export function exportTorch(model: LayersModel): TorchNetwork {
  check('model', model, layersModel<LayersModel>());
  const program = networkProgram(model, readMetadata(model).id ?? model.name);
  return { program, weights: writeSafetensors(stateDict(model), { format: 'pt' }) };
}

/**
 * As `exportTorch`, to a folder: `network.py` and `weights.safetensors`.
 * @param folder is made where it is missing
 * @returns the paths that were written
 * @throws as `exportTorch`, and errors of the file system
 * @example
 * import { writeTorch } from '@cnnzoo/handover';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * await writeTorch(resnet18(), 'resnet18-torch');
 */
export async function writeTorch(model: LayersModel, folder: string): Promise<string[]> {
  check('folder', folder, string('the path of a folder'));
  const { program, weights } = exportTorch(model);
  await mkdir(folder, { recursive: true });
  const files = [
    { path: join(folder, 'weights.safetensors'), content: weights },
    { path: join(folder, 'network.py'), content: new TextEncoder().encode(program) },
  ];
  await writeFilesAtomically(files);
  return files.map(({ path }) => path);
}
