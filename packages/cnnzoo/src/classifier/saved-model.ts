/** Models in folders: saved by one process, loaded by another. */
import { registerLayers } from '@cnnzoo/blocks';
import { check, layersModel, string } from '@cnnzoo/checks';
import { nodeModule } from '@cnnzoo/files';
import { layersModelFolder } from '@cnnzoo/weights';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { useBackend } from '../use-backend.js';

/**
 * Saves a model with its weights and what it says of itself: names of the classes, preprocessing, licence. Runs in Node.
 * @param model one of this project's, or any of tfjs-layers
 * @param folder is made; what it has of an older save is replaced
 * @throws RangeError where the folder holds something else; Error where it cannot be written
 * @example
 * import { createModel, saveModel } from 'cnnzoo';
 *
 * await saveModel(createModel('lenet5'), 'digits');
 */
export async function saveModel(model: LayersModel, folder: string): Promise<void> {
  check('model', model, layersModel<LayersModel>());
  check('folder', folder, string('the path of a folder'));
  const entries: string[] = await nodeModule('node:fs/promises')
    .readdir(folder)
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  if (entries.length > 0 && !entries.includes('model.json'))
    throw new RangeError(
      `folder must be a new one, an empty one or one with a saved model, got '${folder}' with ${entries[0]} and no model.json`,
    );
  await model.save(layersModelFolder(folder));
}

/**
 * Loads what `saveModel` wrote, or any tfjs layers model, in any process: nothing else has to be imported. Where tfjs has no backend yet, the
 * fastest that works on this machine is chosen.
 * @param folder with a model.json; a path, a file URL, or the https URL of a model.json
 * @throws TypeError or RangeError naming the file that cannot be used
 * @example
 * import { loadModel } from 'cnnzoo';
 *
 * const model = await loadModel('digits');
 */
export async function loadModel(folder: string | URL): Promise<LayersModel> {
  const handler = layersModelFolder(folder);
  registerLayers();
  await useBackend();
  return loadLayersModel(handler);
}
