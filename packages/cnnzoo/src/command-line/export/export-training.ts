/** A training step as a folder: the ONNX file, its state, and a manifest. */
import { stat } from 'node:fs/promises';
import type { TrainingStepOptions } from '@cnnzoo/handover';
import type { Recipe, RecipeName } from '@cnnzoo/train';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkParent, type WrittenModel } from './export-model.js';
import type { TensorDescription } from './tensor-description.js';

/** Where neither an option nor a recipe says it. */
const plain = { batchSize: 32, optimizer: { learningRate: 0.01, momentum: 0.9 } };

interface TrainingOptions {
  readonly operators?: TrainingStepOptions['operators'] | undefined;
  readonly batchSize: number | undefined;
  readonly recipe: RecipeName | undefined;
  readonly opset: number | undefined;
}

/** The recipe of this name, or the first one for the network. */
export async function recipeFor(
  network: string,
  name: RecipeName | undefined,
): Promise<readonly [name: string, recipe: Recipe] | readonly []> {
  const { recipes } = await import('@cnnzoo/train');
  const all: readonly (readonly [string, Recipe])[] = Object.entries(recipes);
  return all.find(([each, { networks }]) => (name === undefined ? networks.includes(network) : each === name)) ?? [];
}

/** How the network is built to be trained by its recipe: with auxiliary heads, and its rate of dropout. */
export async function optionsForTraining(
  network: string,
  name: RecipeName | undefined,
): Promise<{ auxiliaryHeads?: true; dropout?: number }> {
  const [, recipe] = await recipeFor(network, name);
  return {
    ...(recipe?.auxiliaryWeight !== undefined && { auxiliaryHeads: true as const }),
    ...(recipe?.dropout !== undefined && { dropout: recipe.dropout }),
  };
}

/** @param network its name; the first recipe for it is taken where none is named */
export async function writeTraining(
  model: LayersModel,
  network: string,
  folder: string,
  { batchSize, recipe: name, operators = 'standard', opset }: TrainingOptions,
): Promise<Omit<WrittenModel, 'format'> & { readonly format: 'training step'; readonly recipe: string | null }> {
  const [{ writeTrainingStep }, { recipeOptions, sgd }] = await Promise.all([
    import('@cnnzoo/handover'),
    import('@cnnzoo/train'),
  ]);
  await checkParent(folder);
  const [chosen = null, recipe] = await recipeFor(network, name);
  const step = recipe === undefined ? { optimizer: sgd(plain.optimizer) } : ofStep(recipeOptions(recipe));
  const options: TrainingStepOptions = {
    ...step,
    batchSize: batchSize ?? recipe?.batchSize ?? plain.batchSize,
    operators,
    ...(opset !== undefined && { opset }),
  };
  const paths = await writeTrainingStep(model, folder, options);
  step.optimizer.dispose();
  const { readOnnxFile } = await import('../../onnx/onnx-file.js');
  const file = await readOnnxFile(paths.find((path) => path.endsWith('.onnx')) ?? '');
  // Inputs that are state, and the new state, are the manifest's to list.
  const own = ({ name: tensor }: TensorDescription) => ['images', 'labels', 'learning_rate', 'seed'].includes(tensor);
  const files = paths.map(async (path) => ({ path, bytes: (await stat(path)).size }));
  return {
    format: 'training step',
    files: await Promise.all(files),
    opset: file.opset,
    inputs: file.inputs.filter(own),
    outputs: file.outputs.filter(({ name: tensor }) => !tensor.endsWith('.new')),
    recipe: chosen,
  };
}

/**
 * A PyTorch program that trains the network, as a folder.
 * @throws RangeError where no recipe is for the network, and none is named
 */
export async function writeTorchTraining(
  model: LayersModel,
  network: string,
  folder: string,
  { batchSize, recipe: name }: Pick<TrainingOptions, 'batchSize' | 'recipe'>,
): Promise<Omit<WrittenModel, 'format'> & { readonly format: 'PyTorch program'; readonly recipe: string }> {
  await checkParent(folder);
  const [chosen, recipe] = await recipeFor(network, name);
  if (recipe === undefined || chosen === undefined)
    throw new RangeError(`no recipe is for ${network}: name one with --recipe`);
  const { writeTorch } = await import('@cnnzoo/handover');
  const paths = await writeTorch(model, folder, { ...recipe, batchSize: batchSize ?? recipe.batchSize });
  const files = paths.map(async (path) => ({ path, bytes: (await stat(path)).size }));
  const none = { opset: null, inputs: [], outputs: [] };
  return { format: 'PyTorch program', files: await Promise.all(files), ...none, recipe: chosen };
}

type OfStep = Pick<TrainingStepOptions, 'optimizer' | 'loss' | 'labelSmoothing' | 'auxiliaryWeight' | 'clipping'>;

/** The part of a recipe's options that is about one step. */
const ofStep = ({ optimizer, loss, labelSmoothing, auxiliaryWeight, clipping }: OfStep): OfStep => ({
  optimizer,
  ...(loss !== undefined && { loss }),
  ...(labelSmoothing !== undefined && { labelSmoothing }),
  ...(auxiliaryWeight !== undefined && { auxiliaryWeight }),
  ...(clipping !== undefined && { clipping }),
});
