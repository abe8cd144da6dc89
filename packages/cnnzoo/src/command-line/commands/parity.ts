import { join } from 'node:path';
import { writeFilesAtomically } from '@cnnzoo/files';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { choice, command, imageShape, numeric, required, text } from '../command.js';
import { optionsForTraining, recipeFor } from '../export/export-training.js';
import { networkNames, networkRow } from '../network-names.js';
import { buildOptions, isFolder, openModel } from '../open-network.js';
import { recipeNames } from '../recipe-names.js';

export const parityCommand = command({
  name: 'parity',
  summary: 'a proof that training is the same here and in PyTorch',
  details:
    "Takes the first steps of a run here and in PyTorch, from the same weights on the same batches, and writes a certificate: losses, gradient norms, the weights at the end, versions, hashes, and the largest deviations beside those of PyTorch's own float32 from its float64. Dropout is off. Needs a Python with torch and safetensors.",
  examples: [
    'cnnzoo parity lenet5 --python ~/venv/bin/python',
    'cnnzoo parity resnet-cifar --learning-rate 0.001 --batch 32 --out certificates',
    'cnnzoo parity pets-classifier --recipe resnet',
  ],
  args: {
    network: required("a network's name, a recipe's, or a folder with a saved model", [
      ...networkNames,
      ...recipeNames.filter((name) => !networkNames.includes(name)),
    ]),
  },
  options: {
    recipe: choice('name', "a paper's optimizer and loss; default: the network's own", recipeNames),
    steps: numeric('number', 'of training; default: 20', { least: 1 }),
    batch: numeric('number', 'images in a step; default: 8', { least: 1 }),
    learningRate: numeric('number', "of all steps; default: the recipe's", { whole: false }),
    input: imageShape("the images; default: the network's own"),
    classes: numeric('number', "classes; default: the network's own", { least: 1 }),
    python: text('program', 'a Python with torch and safetensors; default: CNNZOO_PYTHON, else python3'),
    out: text('folder', 'where parity.json and parity.md are written; default: nowhere'),
  },
  async run({ args: { network: given }, options, output }) {
    const { steps, batch, learningRate, input, classes, python, out } = options;
    const { network, recipe: named } = await networkAndRecipe(given);
    const [, recipe] = await recipeFor(network, options.recipe ?? named);
    if (recipe === undefined) throw new RangeError(`no recipe is for ${network}: name one with --recipe`);
    const model = await buildModel(network, {
      ...buildOptions(input, classes),
      ...(isFolder(network) ? {} : await optionsForTraining(network, options.recipe ?? named)),
    });
    try {
      const { parity } = await import('@cnnzoo/handover');
      output.overwrite('training here and in PyTorch');
      const { certificate, text: written } = await parity(model, recipe, {
        ...(steps !== undefined && { steps }),
        ...(batch !== undefined && { batchSize: batch }),
        ...(learningRate !== undefined && { learningRate }),
        ...(python !== undefined && { python }),
      }).finally(() => output.overwrite(''));
      const files = out === undefined ? [] : await writeCertificate(out, certificate, written);
      return {
        text: files.length === 0 ? written.trimEnd() : [certificate.verdict, ...files].join('\n'),
        data: { ...certificate, files },
        exitCode: certificate.verdict === 'different' ? 1 : 0,
      };
    } finally {
      model.dispose();
    }
  },
});

/** A network comes before a recipe of the same name; a recipe stands for its first network. */
async function networkAndRecipe(
  given: string,
): Promise<{ network: string; recipe: (typeof recipeNames)[number] | undefined }> {
  const recipe = recipeNames.find((name) => name === given);
  if (isFolder(given) || networkNames.includes(given) || recipe === undefined)
    return { network: given, recipe: undefined };
  const { recipes } = await import('@cnnzoo/train');
  return { network: recipes[recipe].networks[0] ?? given, recipe };
}

async function buildModel(network: string, options: object): Promise<LayersModel> {
  const { useBackend } = await import('@cnnzoo/backend-node');
  if (isFolder(network)) {
    const model = await openModel(network, options);
    await useBackend();
    return model;
  }
  const { id } = networkRow(network);
  await useBackend();
  const { createModel } = await import('../../networks/create-model.js');
  return createModel(id, { ...options, seed: 1 } as never);
}

async function writeCertificate(folder: string, certificate: object, written: string): Promise<string[]> {
  const { mkdir } = await import('node:fs/promises');
  await mkdir(folder, { recursive: true });
  const encoder = new TextEncoder();
  const files = [
    { path: join(folder, 'parity.json'), content: encoder.encode(`${JSON.stringify(certificate, null, 2)}\n`) },
    { path: join(folder, 'parity.md'), content: encoder.encode(written) },
  ];
  await writeFilesAtomically(files);
  return files.map(({ path }) => path);
}
