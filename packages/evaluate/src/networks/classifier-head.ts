import { readMetadata } from '@cnnzoo/metadata';
import type { LayersModel, Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { inputsOf, type Layer, onlyInputOf } from './graph-walk.js';
import { outputShapeFor } from './output-shape.js';

/** A classifier taken apart: features, how the last feature map becomes a vector, and the layers from there to the logits. */
interface ClassifierHead {
  /** The last feature map [batch, height, width, channels], before pooling. */
  readonly features: SymbolicTensor;
  /** Height and width of the last feature map at the network's own input size. */
  readonly mapSize: readonly [number, number];
  readonly pooling: HeadPooling | null;
  /** Without flatten, dropout and softmax, in their order. */
  readonly layers: readonly HeadLayer[];
  /** Whether a softmax follows, as a layer or as the last dense layer's activation. */
  readonly endsInSoftmax: boolean;
}

type HeadPooling =
  /** To 1x1. */
  | { readonly kind: 'average' | 'max'; readonly layer: Layer }
  /** Adaptive average pooling to another size. */
  | { readonly kind: 'folded'; readonly layer: Layer; readonly outputSize: readonly [number, number] };

interface HeadLayer {
  readonly kind: 'dense' | 'other';
  readonly layer: Layer;
}

/** Layers that do to each position of a feature map what they do to a vector. */
const positionwise = [
  'Activation',
  'ReLU',
  'LeakyReLU',
  'ELU',
  'ThresholdedReLU',
  'BatchNormalization',
  'CnnzooBatchNormalization',
  'LayerNormalization',
];
const dropped = /Dropout$|^GaussianNoise$/;

/**
 * Takes a classifier apart.
 * @throws RangeError naming the layer that does not belong into the head of a classifier
 */
export function classifierHead(model: LayersModel): ClassifierHead {
  const [output] = model.outputs;
  const [source] = model.inputs;
  const why = `model '${model.name}' cannot be applied densely`;
  if (output === undefined || source?.shape.length !== 4)
    throw new RangeError(`${why}: its input is not of shape [batch, height, width, channels]`);
  const found: HeadLayer[] = [];
  const softmax = softmaxOf(output);
  let tensor = softmax === 'layer' ? onlyInputOf(output, why) : output;
  for (; tensor.shape.length === 2; tensor = onlyInputOf(tensor, why)) {
    const { sourceLayer: layer } = tensor;
    const className = layer.getClassName();
    if (isPooling(layer) || className === 'Flatten' || className === 'Reshape') {
      tensor = isPooling(layer) ? tensor : onlyInputOf(tensor, why);
      break;
    }
    if (className === 'Dense' || className === 'CnnzooDense') found.unshift({ kind: 'dense', layer });
    else if (positionwise.includes(className)) found.unshift({ kind: 'other', layer });
    else if (!dropped.test(className))
      throw new RangeError(
        `${why}: layer '${layer.name}' (${className}) is between the feature maps and the classes, expected flatten or global pooling, dense layers, activations, dropout and batch norm`,
      );
  }
  const { features, pooling } = poolingBefore(tensor, why);
  const mapSize = mapSizeOf(model, source, features);
  const isIdentity = pooling?.kind === 'folded' && pooling.outputSize.every((size, axis) => size === mapSize[axis]);
  const firstDense = found.some(({ kind }) => kind === 'dense');
  if (!firstDense && pooling === null && (mapSize[0] !== 1 || mapSize[1] !== 1))
    throw new RangeError(`${why}: a map of ${mapSize.join(' x ')} is flattened to classes without a dense layer`);
  return { features, mapSize, pooling: isIdentity ? null : pooling, layers: found, endsInSoftmax: softmax !== null };
}

/** How the output of a classifier becomes probabilities: a softmax layer, a dense layer's activation, or not at all. */
export function softmaxOf({ sourceLayer: layer }: SymbolicTensor): 'layer' | 'activation' | null {
  const className = layer.getClassName();
  const { activation } = layer.getConfig();
  if (className === 'Softmax' || (className === 'Activation' && activation === 'softmax')) return 'layer';
  return activation === 'softmax' ? 'activation' : null;
}

const isPooling = (layer: Layer) => /^Global(Average|Max)Pooling2D$/.test(layer.getClassName());

/** The last feature map, and what pools it to a fixed size. */
function poolingBefore(tensor: SymbolicTensor, why: string): Pick<ClassifierHead, 'features' | 'pooling'> {
  let features = tensor;
  while (dropped.test(features.sourceLayer.getClassName())) features = onlyInputOf(features, why);
  const { sourceLayer: layer } = features;
  const className = layer.getClassName();
  if (isPooling(layer))
    return {
      features: onlyInputOf(features, why),
      pooling: { kind: className === 'GlobalMaxPooling2D' ? 'max' : 'average', layer },
    };
  if (features.shape.length !== 4)
    throw new RangeError(`${why}: layer '${layer.name}' gives ${shown(features.shape)}, expected a feature map`);
  if (className !== 'CnnzooAdaptiveAveragePooling2D') return { features, pooling: null };
  const [height = 1, width = 1] = features.shape.slice(1, 3).map(Number);
  const pooling: HeadPooling =
    height === 1 && width === 1 ? { kind: 'average', layer } : { kind: 'folded', layer, outputSize: [height, width] };
  return { features: onlyInputOf(features, why), pooling };
}

function mapSizeOf(model: LayersModel, source: SymbolicTensor, features: SymbolicTensor): [number, number] {
  let [, height, width] = features.shape;
  if (typeof height !== 'number' || typeof width !== 'number') {
    const cropSize = readMetadata(model).preprocessing?.cropSize;
    if (cropSize === undefined)
      throw new RangeError(
        `model '${model.name}' has an input of unknown size: build it with a known inputShape to apply it densely`,
      );
    [, height, width] = outputShapeFor(source, features, [cropSize, cropSize]);
  }
  return [Number(height), Number(width)];
}

const shown = (shape: Shape) => `[${shape.map((size) => size ?? 'any').join(', ')}]`;

/** The last feature map before pooling, flatten or the like, for class activation maps: with channels, larger than 1x1. */
export function lastFeatureMap(output: SymbolicTensor): SymbolicTensor | null {
  let tensor: SymbolicTensor | undefined = output;
  while (tensor !== undefined) {
    const [, height, width] = tensor.shape;
    const pooled =
      /Pooling2D$/.test(tensor.sourceLayer.getClassName()) || dropped.test(tensor.sourceLayer.getClassName());
    if (tensor.shape.length === 4 && !pooled && !(height === 1 && width === 1)) return tensor;
    tensor = inputsOf(tensor)[0];
  }
  return null;
}
