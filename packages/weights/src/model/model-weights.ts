/** A model's weights under the names and in the layouts of a PyTorch state dict. */
import { check, layersModel } from '@cnnzoo/checks';
import type { LayersModel, LayerVariable, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { weightRole } from '../state-dict/roles.js';
import type { ChannelLayout } from './layout.js';

type Layer = LayersModel['layers'][number];

/** One weight of a model. */
export interface ModelWeight {
  /** The layer's name, a dot and the role: `layer1.0.conv1.weight`. */
  readonly key: string;
  /** Its shape in PyTorch's layout. */
  readonly shape: readonly number[];
  /** How the two layouts differ, or null where they are the same. */
  readonly channels: ChannelLayout | null;
  /** Holds the value, in tfjs's layout, which is also Keras's. */
  readonly variable: LayerVariable;
}

/**
 * Lists a model's weights, layer by layer, models within the model with their name as a prefix.
 * Keys come from the layer and the role and never from `variable.name`, which differs from one model of a process to the next.
 * @throws TypeError where two weights would have the same key
 * @example
 * import { resnet18 } from '@cnnzoo/resnet';
 * import { modelWeights } from '@cnnzoo/weights';
 *
 * console.log(modelWeights(resnet18()).map(({ key }) => key)); // ['conv1.weight', 'bn1.weight', …]
 */
export function modelWeights(model: LayersModel): ModelWeight[] {
  check('model', model, layersModel<LayersModel>());
  const weights: ModelWeight[] = [];
  const keys = new Set<string>();
  for (const weight of containerWeights(model, '')) {
    if (keys.has(weight.key))
      throw new TypeError(`two weights of the model have the same state-dict key '${weight.key}'`);
    keys.add(weight.key);
    weights.push(weight);
  }
  return weights;
}

function* containerWeights(container: { readonly layers: Layer[] }, prefix: string): Generator<ModelWeight> {
  for (const layer of container.layers) {
    if (isContainer(layer)) yield* containerWeights(layer, `${prefix}${layer.name}.`);
    else yield* layerWeights(layer, prefix);
  }
}

function isContainer(layer: Layer): layer is Layer & { readonly layers: Layer[] } {
  return 'layers' in layer && Array.isArray(layer.layers);
}

function* layerWeights(layer: Layer, prefix: string): Generator<ModelWeight> {
  if (layer.weights.length === 0) return;
  const flattened = flattenedFeatures(layer);
  const ofFeatures = treatsEachAlone(layer) ? flattened : null;
  for (const variable of layer.weights) {
    const name = variable.originalName.split('/').at(-1) ?? variable.originalName;
    // A bias beside a kernel is of the outputs, which were not flattened, even where they are as many.
    const before = variable.shape.length === 1 ? ofFeatures : flattened;
    yield { key: `${prefix}${layer.name}.${weightRole(name)}`, ...stateLayout(variable, name, before), variable };
  }
}

/** A feature map [height, width, channels] that was flattened before it came to a layer. */
type Flattened = { readonly spatial: number; readonly channels: number } | null;

function stateLayout(
  { shape: maybeShape }: LayerVariable,
  name: string,
  flattened: Flattened,
): Pick<ModelWeight, 'shape' | 'channels'> {
  const shape = maybeShape.map(Number);
  const features = flattened === null ? 0 : flattened.spatial * flattened.channels;
  const same = { shape, channels: null };

  if (name === 'embeddings' || shape.length === 0) return same;
  if (shape.length === 1) {
    // A batch norm, say, between the flatten and the dense layer.
    if (flattened === null || shape[0] !== features) return same;
    return { shape, channels: needed({ spatial: flattened.spatial, input: flattened.channels, output: 1 }) };
  }
  if (name === 'depthwise_kernel') {
    // [height, width, input, multiplier] to [input * multiplier, 1, height, width]
    const [height = 0, width = 0, input = 0, multiplier = 0] = shape;
    const output = input * multiplier;
    return {
      shape: [output, 1, height, width],
      channels: needed({ spatial: height * width, input: 1, output }),
    };
  }
  const spatialSizes = shape.slice(0, -2);
  const [input = 0, output = 0] = shape.slice(-2);
  if (flattened !== null && shape.length === 2 && input === features)
    return {
      shape: [output, input],
      channels: needed({ spatial: flattened.spatial, input: flattened.channels, output }),
    };
  return {
    shape: [output, input, ...spatialSizes],
    channels: needed({ spatial: spatialSizes.reduce((product, size) => product * size, 1), input, output }),
  };
}

/** Null where [o, i, s] and [s, i, o] are the same order of values: where at most one of the sizes is not 1. */
function needed(layout: ChannelLayout): ChannelLayout | null {
  const { spatial, input, output } = layout;
  return [spatial, input, output].filter((size) => size !== 1).length > 1 ? layout : null;
}

/** The feature map that was flattened to become the input of `layer`, through layers that treat each feature alone. */
function flattenedFeatures(layer: Layer): Flattened {
  let tensor = firstInput(layer);
  while (tensor !== undefined && tensor.shape.length === 2) {
    const source = tensor.sourceLayer;
    const before = firstInput(source);
    // An input layer's node has its own output as its input.
    if (before === undefined || before === tensor) return null;
    if (before.shape.length > 2) {
      const sizes = before.shape.slice(1).map(Number);
      const channels = sizes.at(-1) ?? 0;
      const spatial = sizes.slice(0, -1).reduce((product, size) => product * size, 1);
      // Not a flatten, but global pooling, say.
      return tensor.shape[1] === spatial * channels && spatial > 1 ? { spatial, channels } : null;
    }
    if (!treatsEachAlone(source) || before.shape[1] !== tensor.shape[1]) return null;
    tensor = before;
  }
  return null;
}

/** Whether a layer has at most one weight of a kind for each feature, as batch norm. */
function treatsEachAlone(layer: Layer): boolean {
  return layer.weights.every(({ shape }) => shape.length <= 1);
}

/** The only input of a layer where it was first used, or undefined. */
function firstInput(layer: Layer): SymbolicTensor | undefined {
  const node = layer.inboundNodes[0];
  return node?.inputTensors.length === 1 ? node.inputTensors[0] : undefined;
}
