import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { check, layersModel, optional, rule, string } from '@cnnzoo/checks';
import { writeFilesAtomically } from '@cnnzoo/files';
import { readMetadata } from '@cnnzoo/metadata';
import type { Recipe, RecipeName } from '@cnnzoo/train';
import { evaluationTransform, recipeAugmentation } from '@cnnzoo/transforms';
import { stateDict, writeSafetensors } from '@cnnzoo/weights';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { imagesProgram } from './images-program.js';
import { networkProgram } from './network-program.js';
import { programFiles, readPythonFile } from './python-files.js';
import { recipeOf, recipeProgram } from './recipe-program.js';
import { trainJob } from './train-job.js';

/** The files of a PyTorch program: text, and the bytes of weights.safetensors. */
export type TorchProgram = Readonly<Record<string, string | Uint8Array>> & {
  readonly 'network.py': string;
  /** The state dict, which `load_state_dict` takes strictly. */
  readonly 'weights.safetensors': Uint8Array;
};

const recipeRule = optional(
  rule<RecipeName | Recipe>(
    'the name of a recipe, or a recipe',
    (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
  ),
);

/**
 * A network as a readable PyTorch module with its weights, and with a recipe the whole program that trains it: optimizer, schedule, loss,
 * augmentation, and a loop with checkpoints for one process, `torchrun` (DDP) and a TrainJob of Kubeflow.
 *
 * Modules have the layers' names, so that state dicts fit strictly, in both directions. In training the module gives the logits of all
 * heads, otherwise those of the first. The program's checkpoints are those of `train` in @cnnzoo/train, in the same folder: each resumes
 * where the other has stopped, with the optimizer's state, the averages, and the images in the same order.
 *
 * @param model a layers model with one input
 * @param recipe by name, or one of your own. Without it the network alone is written
 * @returns the texts and bytes of the files, by name
 * @throws TypeError for what is no layers model; RangeError naming a layer or a transform that has no form in PyTorch here, an unknown recipe, or
 *   a layer that is frozen
 * @example
 * import { exportTorch } from '@cnnzoo/handover';
 * import { cifarResnet } from '@cnnzoo/resnet';
 *
 * const program = await exportTorch(cifarResnet({ depth: 20 }), 'resnet-cifar');
 * console.log(Object.keys(program)); // ['network.py', 'weights.safetensors', 'recipe.py', 'train.py', …]
 */
export async function exportTorch(model: LayersModel, recipe?: RecipeName | Recipe): Promise<TorchProgram> {
  check('model', model, layersModel<LayersModel>());
  check('recipe', recipe, recipeRule);
  const title = titleOf(model);
  const network = {
    'network.py': networkProgram(model, title),
    'weights.safetensors': writeSafetensors(stateDict(model), { format: 'pt' }),
  };
  return recipe === undefined ? network : { ...network, ...(await trainingFiles(model, recipe, title)) };
}

const titleOf = (model: LayersModel) => readMetadata(model).id ?? model.name;

/** What computes a step: recipe.py, and the optimizer where PyTorch does not have it. */
async function recipeFiles(
  model: LayersModel,
  recipe: RecipeName | Recipe,
  title: string,
): Promise<Readonly<Record<string, string>>> {
  const frozen = model.layers.find((layer) => layer.weights.length > 0 && !layer.trainable);
  if (frozen !== undefined)
    throw new RangeError(
      `layer '${frozen.name}' is frozen, which the program does not do: unfreezeLayers(model) first`,
    );
  const { text, optimizerFile } = recipeProgram(model, recipe, title);
  return {
    'recipe.py': text,
    ...(optimizerFile !== null && { [optimizerFile]: await readPythonFile(optimizerFile) }),
  };
}

/** As `exportTorch` with a recipe, but for images and the loop: what a step needs. */
export async function exportTorchStep(model: LayersModel, recipe: RecipeName | Recipe): Promise<TorchProgram> {
  return { ...(await exportTorch(model)), ...(await recipeFiles(model, recipe, titleOf(model))) };
}

async function trainingFiles(
  model: LayersModel,
  recipe: RecipeName | Recipe,
  title: string,
): Promise<Readonly<Record<string, string>>> {
  const step = await recipeFiles(model, recipe, title);
  const { preprocessing } = readMetadata(model);
  if (preprocessing === undefined)
    throw new RangeError(
      `model '${title}' does not say how its images are prepared: give the metadata of a network of the zoo, or export it without a recipe`,
    );
  const { transform, batchTransform } = recipeAugmentation(recipeOf(recipe), {
    preprocessing,
    classes: Number(model.outputs[0]?.shape.at(-1)),
  });
  const images = imagesProgram(
    { training: transform, batch: batchTransform, test: evaluationTransform(preprocessing) },
    title,
  );
  const files = [...programFiles, ...(images.needsMore ? (['more_transforms.py'] as const) : [])];
  const texts = await Promise.all(files.map(async (name) => [name, await readPythonFile(name)] as const));
  return {
    ...step,
    'images.py': images.text,
    ...Object.fromEntries(texts),
    'requirements.txt': 'torch\ntorchvision\nsafetensors\n',
    'trainjob.yaml': trainJob(title),
  };
}

/**
 * As `exportTorch`, to a folder.
 * @param folder is made where it is missing
 * @returns the paths that were written
 * @throws as `exportTorch`, and errors of the file system
 * @example
 * import { writeTorch } from '@cnnzoo/handover';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * await writeTorch(resnet18(), 'resnet18-torch', 'resnet');
 */
export async function writeTorch(model: LayersModel, folder: string, recipe?: RecipeName | Recipe): Promise<string[]> {
  check('folder', folder, string('the path of a folder'));
  return writeProgram(folder, await exportTorch(model, recipe));
}

/** @returns the paths that were written */
export async function writeProgram(folder: string, program: TorchProgram): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files = Object.entries(program).map(([name, content]) => ({
    path: join(folder, name),
    content: typeof content === 'string' ? new TextEncoder().encode(content) : content,
  }));
  await writeFilesAtomically(files);
  return files.map(({ path }) => path);
}
