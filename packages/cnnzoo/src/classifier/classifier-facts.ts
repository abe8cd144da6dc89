import { type Preprocessing, readMetadata } from '@cnnzoo/metadata';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** What one has to know of a network to classify images with it. */
export interface ClassifierFacts {
  readonly classes: number;
  /** Names of the classes, or their indices where nobody has named them. */
  readonly categories: readonly string[];
  readonly channels: 1 | 3 | 4;
  readonly preprocessing: Preprocessing;
  /** Whether the network ends in a softmax. */
  readonly givesProbabilities: boolean;
}

/**
 * Reads them from the network and its metadata.
 * @throws RangeError naming the model where it is no classifier of images, or says nothing of its preprocessing
 */
export function classifierFacts(model: LayersModel): ClassifierFacts {
  const [input] = model.inputs;
  const [output] = model.outputs;
  const classes = output?.shape.at(-1);
  if (output?.shape.length !== 2 || typeof classes !== 'number')
    throw new RangeError(`model '${model.name}' gives ${shape(output)}, expected [batch, classes]`);
  const channels = input?.shape.at(-1);
  if (model.inputs.length !== 1 || input?.shape.length !== 4 || (channels !== 1 && channels !== 3 && channels !== 4))
    throw new RangeError(
      `model '${model.name}' takes ${model.inputs.map(shape).join(' and ')}, expected [batch, height, width, channels] with 1, 3 or 4 channels`,
    );
  const { preprocessing, categories } = readMetadata(model);
  if (preprocessing === undefined)
    throw new RangeError(
      `model '${model.name}' does not say how its images are prepared: say it with setModelMetadata(model, { preprocessing }) of @cnnzoo/blocks`,
    );
  if (categories !== undefined && categories !== null && categories.length !== classes)
    throw new RangeError(`model '${model.name}' has ${classes} classes and names for ${categories.length}`);
  return {
    classes,
    categories: categories ?? Array.from({ length: classes }, (_, index) => String(index)),
    channels,
    preprocessing,
    givesProbabilities: endsInSoftmax(output.sourceLayer),
  };
}

function endsInSoftmax(layer: LayersModel['layers'][number]): boolean {
  return layer.getClassName() === 'Softmax' || layer.getConfig()['activation'] === 'softmax';
}

function shape(tensor: { readonly shape: readonly (number | null)[] } | undefined): string {
  return JSON.stringify(tensor?.shape ?? null);
}
