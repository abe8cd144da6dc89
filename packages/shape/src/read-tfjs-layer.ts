import { shown } from '@cnnzoo/checks';
import type { LayerSpec, Shape } from './layer-spec.js';
import type { Padding } from './output-size.js';

interface WeightLike {
  readonly shape: readonly (number | null)[];
}

/** A tfjs Layer as far as this package reads it. */
export interface TfjsLayer {
  readonly name: string;
  readonly trainable: boolean;
  readonly weights: readonly WeightLike[];
  readonly trainableWeights: readonly WeightLike[];
  getClassName(): string;
  getConfig(): object;
  computeOutputShape(inputShape: unknown): unknown;
}

type TensorShape = readonly (number | null)[];

/** tfjs's activations by name, as the layer PyTorch has for each. */
const activations = {
  relu: 'ReLU',
  relu6: 'ReLU6',
  elu: 'ELU',
  selu: 'SELU',
  gelu: 'GELU',
  gelu_new: 'GELU',
  swish: 'SiLU',
  mish: 'Mish',
  sigmoid: 'Sigmoid',
  hardSigmoid: 'Hardsigmoid',
  softplus: 'Softplus',
  softsign: 'Softsign',
  tanh: 'Tanh',
  softmax: 'Softmax',
  logSoftmax: 'LogSoftmax',
} as const;

/** Options of a layer, looked up by name because every class has others. */
type Config = Readonly<Record<string, unknown>>;

/** What tfjs's layers without options of interest are called here. */
const plain = {
  ReLU: 'ReLU',
  LeakyReLU: 'LeakyReLU',
  ELU: 'ELU',
  Softmax: 'Softmax',
  ThresholdedReLU: 'ReLU',
  Dropout: 'Dropout',
  SpatialDropout1D: 'Dropout',
  AlphaDropout: 'Dropout',
  GaussianDropout: 'Dropout',
  GaussianNoise: 'Dropout',
  Flatten: 'Flatten',
  Add: 'Add',
  Multiply: 'Multiply',
  Average: 'Average',
  Maximum: 'Maximum',
  Minimum: 'Minimum',
  GlobalAveragePooling2D: 'GlobalAvgPool2d',
  GlobalMaxPooling2D: 'GlobalMaxPool2d',
} as const;

function has<Table extends object>(table: Table, key: string): key is Extract<keyof Table, string> {
  return Object.hasOwn(table, key);
}

function activationLayer(config: Config): readonly LayerSpec[] {
  const name = config['activation'];
  if (name === undefined || name === null || name === 'linear') return [];
  if (typeof name !== 'string' || !has(activations, name)) return [{ type: 'Identity' }];
  return [{ type: activations[name] }];
}

/** The window of a layer of tfjs (`strides`, `dilationRate`, padding 'valid' by default) or of ours (`stride`, `dilation`, 0). */
function window(config: Config, size: unknown, defaultStride: unknown) {
  return {
    kernelSize: size as number,
    stride: (config['stride'] ?? config['strides'] ?? defaultStride) as number,
    padding: (config['padding'] ?? 'valid') as Padding,
    dilation: (config['dilation'] ?? config['dilationRate'] ?? 1) as number,
  };
}

function pooling(config: Config) {
  return { ...window(config, config['poolSize'], config['poolSize']), ceilMode: config['ceilMode'] === true };
}

/**
 * A tfjs layer as one layer of this package or several, because tfjs's convolutions have activations and its separable convolution is two.
 *
 * @param inputShapes with the batch in front
 * @param outputShape what tfjs says comes out, for layers this package does not know
 */
export function readTfjsLayer(
  layer: TfjsLayer,
  inputShapes: readonly TensorShape[],
  outputShape: TensorShape,
): readonly LayerSpec[] {
  // Our own layers are called like Keras's, which they extend, with Cnnzoo in front.
  const className = layer.getClassName().replace(/^Cnnzoo/, '');
  const config = layer.getConfig() as Config;
  if (config['dataFormat'] === 'channelsFirst') {
    throw new TypeError(
      `the model's layer ${shown(layer.name)} (${className}) has dataFormat 'channelsFirst', expected 'channelsLast'`,
    );
  }
  const [inputShape = []] = inputShapes;
  const channels = inputShape[inputShape.length - 1] ?? 1;
  const bias = config['useBias'] !== false;
  // tfjs's separable convolution does not say, but its first weight is [height, width, channels, depthMultiplier].
  const depthMultiplier = (config['depthMultiplier'] ?? layer.weights[0]?.shape[3] ?? 1) as number;
  const kernel = () =>
    ({ type: 'Conv2d', ...window(config, config['kernelSize'], 1), bias, inChannels: channels }) as const;
  if (className === 'ReLU' && config['maxValue'] === 6) return [{ type: 'ReLU6' }];
  if (has(plain, className)) return [{ type: plain[className] }];
  switch (className) {
    case 'Conv2D':
      return [
        { ...kernel(), outChannels: config['filters'] as number, groups: (config['groups'] ?? 1) as number },
        ...activationLayer(config),
      ];
    case 'Conv2DTranspose':
      return [
        { ...kernel(), type: 'ConvTranspose2d', outChannels: config['filters'] as number },
        ...activationLayer(config),
      ];
    case 'DepthwiseConv2D':
      return [{ ...kernel(), outChannels: channels * depthMultiplier, groups: channels }, ...activationLayer(config)];
    case 'SeparableConv2D':
      return [
        { ...kernel(), outChannels: channels * depthMultiplier, groups: channels, bias: false },
        { type: 'Conv2d', kernelSize: 1, outChannels: config['filters'] as number, bias },
        ...activationLayer(config),
      ];
    case 'MaxPooling2D':
      return [{ type: 'MaxPool2d', ...pooling(config) }];
    case 'AveragePooling2D':
      return [{ type: 'AvgPool2d', ...pooling(config) }];
    case 'AdaptiveAveragePooling2D':
      return [{ type: 'AdaptiveAvgPool2d', outputSize: config['outputSize'] as number }];
    case 'LocalResponseNormalization':
      return [{ type: 'LocalResponseNorm', size: config['size'] as number }];
    case 'Dense': {
      const units = config['units'] as number;
      // On a feature map tfjs's dense layer works on every pixel: a 1x1 convolution.
      const dense: LayerSpec =
        inputShape.length === 4
          ? { type: 'Conv2d', kernelSize: 1, outChannels: units, inChannels: channels, bias }
          : { type: 'Linear', outFeatures: units, inFeatures: channels, bias };
      return inputShape.length === 3 ? [opaque(layer, outputShape)] : [dense, ...activationLayer(config)];
    }
    case 'BatchNormalization':
      return [
        {
          type: inputShape.length === 4 ? 'BatchNorm2d' : 'BatchNorm1d',
          scale: config['scale'] !== false,
          center: config['center'] !== false,
        },
        ...activationLayer(config),
      ];
    case 'Activation': {
      const [activation] = activationLayer(config);
      return [activation ?? { type: 'Identity' }];
    }
    case 'ZeroPadding2D':
      return [{ type: 'ZeroPad2d', padding: config['padding'] as number }];
    case 'Resizing':
      return [
        {
          type: 'Upsample',
          size: [config['height'] as number, config['width'] as number],
          mode: config['interpolation'] === 'nearest' ? 'nearest' : 'bilinear',
        },
      ];
    case 'Cropping2D': {
      const cropping = config['cropping'] as readonly [readonly [number, number], readonly [number, number]];
      const [[top, bottom], [left, right]] = cropping;
      return [
        {
          type: 'ZeroPad2d',
          padding: [
            [-top, -bottom],
            [-left, -right],
          ],
        },
      ];
    }
    case 'UpSampling2D':
      return [
        {
          type: 'Upsample',
          scaleFactor: config['size'] as number,
          mode: config['interpolation'] === 'bilinear' ? 'bilinear' : 'nearest',
        },
      ];
    case 'Concatenate': {
      const axis = config['axis'] as number;
      return axis === -1 || axis === inputShape.length - 1 ? [{ type: 'Concat' }] : [opaque(layer, outputShape)];
    }
    default:
      return [opaque(layer, outputShape)];
  }
}

/** A layer this package does not know: what tfjs says of its shape and weights. */
function opaque(layer: TfjsLayer, outputShape: TensorShape): LayerSpec {
  const size = (weights: readonly WeightLike[]) =>
    weights.reduce((sum, { shape }) => sum + shape.reduce<number>((product, each) => product * (each ?? 1), 1), 0);
  return {
    type: 'Custom',
    className: layer.getClassName(),
    outputShape: (inputShapes) => {
      const batched = inputShapes.map((shape) => [null, ...shape]);
      const computed = layer.computeOutputShape(batched.length === 1 ? batched[0] : batched);
      const shape: unknown = Array.isArray(computed) && Array.isArray(computed[0]) ? computed[0] : computed;
      return (Array.isArray(shape) ? shape : outputShape).slice(1) as Shape;
    },
    params: size(layer.weights),
  };
}
