import type { ExportOnnxOptions } from '@cnnzoo/backend-onnx';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { choice, command, flag, imageShape, numeric, required, text } from '../command.js';
import { formats, type WrittenModel, writeModel } from '../export/export-model.js';
import { optionsForTraining, writeTorchTraining, writeTraining } from '../export/export-training.js';
import type { TensorDescription } from '../export/tensor-description.js';
import { networkNames, networkRow } from '../network-names.js';
import { fileSize } from '../numbers.js';
import {
  buildOptions,
  isFolder,
  openModel,
  openPublished,
  type PublishedNetwork,
  publishedNetwork,
  withoutComputing,
} from '../open-network.js';
import { recipeNames } from '../recipe-names.js';

export const exportCommand = command({
  name: 'export',
  summary: 'a network or a saved model as ONNX, safetensors, tfjs, or a repository for Triton',
  details:
    'Writes a network with its weights, or a model that was saved in a folder. The format follows the name of the file: .onnx and .safetensors are files, any other name is a folder in the format of TensorFlow.js. --format triton writes a model repository for the Triton Inference Server: the ONNX model, config.pbtxt, and the names of the classes. --format python writes a folder with a PyTorch module and its weights. --training writes a folder with a whole training step as an ONNX file, its state and a manifest, for any onnxruntime; with --format python, a PyTorch program that trains the network as its paper did, and resumes from the checkpoints of `cnnzoo train`.',
  examples: [
    'cnnzoo export resnet50 resnet50.onnx --weights DEFAULT --preprocessing',
    'cnnzoo export pets pets.safetensors --float16',
    'cnnzoo export resnet50 models --format triton --weights DEFAULT',
    'cnnzoo export cifar_resnet20 step --training --batch 128',
    'cnnzoo export cifar_resnet20 program --training --format python',
  ],
  args: {
    network: required(
      "a network's name, a folder with a saved model, a published set (resnet50.DEFAULT), a repository of the hub (hf-hub:owner/name), or for triton an .onnx file",
      networkNames,
    ),
    file: required('the file or folder to write'),
  },
  options: {
    format: choice('format', "default: by the file's name", formats),
    weights: text(
      'set',
      'a published set (DEFAULT, IMAGENET1K_V2), a repository of the hub (hf-hub:owner/name), a path or an address',
    ),
    input: imageShape("the images; default: the network's own"),
    classes: numeric('number', "classes; default: the network's own", { least: 1 }),
    batch: numeric(
      'number',
      "ONNX: images at once; default: any number in each run, and of a training step the recipe's",
      { least: 1 },
    ),
    layout: choice('layout', 'ONNX: order of axes; default: NHWC', ['NHWC', 'NCHW']),
    opset: numeric('version', 'ONNX: 17 (default) to 22', { least: 17, most: 22 }),
    preprocessing: flag('ONNX: take uint8 pixels, and normalize them inside'),
    externalData: flag('ONNX: the weights in a file of their own'),
    float16: flag(
      'ONNX and safetensors: weights of two bytes, half the size; the network computes with float32 all the same',
    ),
    training: flag('a training step: forward, backward and update'),
    recipe: choice('name', "training step: a paper's optimizer and loss; default: the network's own", recipeNames),
    operators: choice('set', "training step: standard (default), or onnxruntime's own for full speed", [
      'standard',
      'onnxruntime',
    ]),
  },
  async run({ args: { network, file }, options, output }) {
    const { weights, input, classes, format, batch, layout, opset, preprocessing, externalData } = options;
    const { float16, training, recipe, operators } = options;
    const ofStep = recipe !== undefined ? 'recipe' : operators !== undefined ? 'operators' : undefined;
    if (ofStep !== undefined && training !== true)
      throw new TypeError(`--${ofStep} is for training steps: give --training, too`);
    const inPython = training === true && format === 'python';
    const ofOnnx = Object.entries({ operators, opset }).find(([, value]) => value !== undefined);
    if (inPython && ofOnnx !== undefined)
      throw new TypeError(`--${ofOnnx[0]} is for ONNX files, and --format python writes a PyTorch program`);
    const otherFormat = inPython ? undefined : format;
    const ofModel = Object.entries({ format: otherFormat, layout, preprocessing, externalData, float16 }).find(
      ([, value]) => value !== undefined,
    );
    if (training === true && ofModel !== undefined)
      throw new TypeError(`--${ofModel[0]} is for models, and --training writes a training step`);
    const onnx: ExportOnnxOptions & { externalData?: boolean } = {
      ...(batch !== undefined && { batchSize: batch }),
      ...(layout !== undefined && { layout }),
      ...(opset !== undefined && { opset }),
      ...(preprocessing !== undefined && { preprocessing }),
      ...(externalData !== undefined && { externalData }),
    };
    if (/\.onnx$/i.test(network)) {
      const other = Object.entries(options).find(([name, value]) => name !== 'format' && value !== undefined);
      if (format !== 'triton' || other !== undefined)
        throw new TypeError(
          `${network} is an ONNX file already: copy it, or make a repository of it with --format triton and no other option`,
        );
      const { writeOnnxFile } = await import('../export/export-onnx-file.js');
      const written = await writeOnnxFile(network, file);
      return { text: textOf(written), data: written };
    }
    const published = isFolder(network) ? null : await publishedNetwork(network);
    const id = published?.id ?? network;
    const built = {
      ...buildOptions(input, classes),
      ...(training === true && (await optionsForTraining(id, recipe))),
    };
    const model = await modelToExport(network, published, weights, built);
    try {
      const written = inPython
        ? await writeTorchTraining(model.model, id, file, { batchSize: batch, recipe })
        : training === true
          ? await writeTraining(model.model, id, file, { batchSize: batch, recipe, operators, opset })
          : await writeModel(model.model, file, { format, onnx, float16: float16 === true });
      const random = model.random ? ['the weights are random: give --weights for published ones'] : [];
      for (const line of random) output.note(line);
      return { text: textOf(written), data: { ...written, randomWeights: model.random } };
    } finally {
      model.model.dispose();
    }
  },
});

function textOf({ files, opset, inputs, outputs }: Omit<WrittenModel, 'format'>): string {
  const tensor =
    (name: string) =>
    ({ name: each, shape, type }: TensorDescription) =>
      `${name} ${each}: ${type} [${shape.map((size) => (size === -1 ? 'any' : size)).join(', ')}]`;
  return [
    ...files.map(({ path, bytes }) => `${path}  ${fileSize(bytes)}`),
    ...(opset === null ? [] : [`opset ${opset}`]),
    ...inputs.map(tensor('input')),
    ...outputs.map(tensor('output')),
  ].join('\n');
}

async function modelToExport(
  network: string,
  published: PublishedNetwork | null,
  weights: string | undefined,
  options: ReturnType<typeof buildOptions>,
): Promise<{ model: LayersModel; random: boolean }> {
  if (isFolder(network)) {
    if (weights !== undefined) throw new TypeError(`${network} is a folder: its model has its own weights`);
    return { model: await openModel(network, options), random: false };
  }
  if (published !== null) {
    if (weights !== undefined) throw new TypeError(`${network} has its own weights`);
    return { model: await openPublished(published, options), random: false };
  }
  const { id } = networkRow(network);
  await withoutComputing();
  if (weights === undefined) {
    const { createModel } = await import('../../networks/create-model.js');
    return { model: createModel(id, options as never), random: true };
  }
  const { fromPretrained } = await import('../../networks/from-pretrained.js');
  return { model: await fromPretrained(id, { ...options, weights } as never), random: false };
}
