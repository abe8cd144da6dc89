import type { Size2d } from '@cnnzoo/checks';
import type { AdaptiveSize, Padding } from './output-size.js';

/** Height, width and channels of a feature map, or the length of a flat vector, without the batch. */
export type Shape = readonly number[];

interface LayerBase {
  /** Unique in the network. Default: the type in lower case and the layer's number, as in `conv2d_3`. */
  readonly name?: string;
  /** Names of the layers whose outputs come in. Default: the layer before; of the first, the network's input, called `input`. */
  readonly inputs?: string | readonly string[];
  /** False for frozen weights. Default true. */
  readonly trainable?: boolean;
  /** The class in the library the layer was read from, e.g. `Conv2D`. */
  readonly className?: string;
  /** The layer of the original model that this one is a part of, e.g. a convolution with an activation argument is two layers here. */
  readonly partOf?: string;
  /** The layer whose weights this one uses again, so that they are counted once. */
  readonly sharedWith?: string;
}

interface WindowSpec {
  readonly kernelSize: Size2d;
  readonly padding?: Padding;
  readonly dilation?: Size2d;
  readonly stride?: Size2d;
}

/** The network's input, where a list of layers names it. */
export interface InputSpec extends LayerBase {
  readonly type: 'Input';
  readonly shape: Shape;
}

/** A convolution. Depthwise where `groups` is the number of input channels. */
export interface Conv2dSpec extends LayerBase, WindowSpec {
  readonly type: 'Conv2d';
  readonly outChannels: number;
  /** Where given, checked against what comes in. */
  readonly inChannels?: number;
  readonly groups?: number;
  readonly bias?: boolean;
}

/** A transposed convolution. */
export interface ConvTranspose2dSpec extends LayerBase, WindowSpec {
  readonly type: 'ConvTranspose2d';
  readonly outChannels: number;
  readonly inChannels?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  readonly outputPadding?: Size2d;
}

/** Pooling by a window that moves over the map. */
export interface PoolSpec extends LayerBase, WindowSpec {
  readonly type: 'MaxPool2d' | 'AvgPool2d';
  readonly ceilMode?: boolean;
}

/** Pooling to a given size, whatever comes in. */
export interface AdaptivePoolSpec extends LayerBase {
  readonly type: 'AdaptiveAvgPool2d' | 'AdaptiveMaxPool2d';
  readonly outputSize: AdaptiveSize;
}

/** Pools the whole map to a flat vector of one number a channel. */
export interface GlobalPoolSpec extends LayerBase {
  readonly type: 'GlobalAvgPool2d' | 'GlobalMaxPool2d';
}

/** Zeros at the edges, or, with negative numbers, cropped edges. */
export interface PadSpec extends LayerBase {
  readonly type: 'ZeroPad2d';
  readonly padding: Exclude<Padding, string>;
}

/** Resizes a feature map to `size`, or by `scaleFactor`. */
export interface UpsampleSpec extends LayerBase {
  readonly type: 'Upsample';
  readonly size?: Size2d;
  readonly scaleFactor?: Size2d;
  /** Default nearest. */
  readonly mode?: 'nearest' | 'bilinear';
}

/** A fully connected layer. */
export interface LinearSpec extends LayerBase {
  readonly type: 'Linear';
  readonly outFeatures: number;
  /** Where given, checked against what comes in. */
  readonly inFeatures?: number;
  readonly bias?: boolean;
}

/** Batch normalization, of a map or a vector. */
export interface BatchNormSpec extends LayerBase {
  readonly type: 'BatchNorm2d' | 'BatchNorm1d';
  /** A learned scale. Default true. */
  readonly scale?: boolean;
  /** A learned offset. Default true. */
  readonly center?: boolean;
}

/** Local response normalization, of AlexNet and GoogLeNet. */
export interface LocalResponseNormSpec extends LayerBase {
  readonly type: 'LocalResponseNorm';
  /** Channels that one is normalized over. */
  readonly size: number;
}

/** Floating-point operations an element takes in each layer that changes every element by itself. An exponential counts as one. */
export const elementwiseFlops = {
  ReLU: 1,
  ReLU6: 2,
  LeakyReLU: 2,
  ELU: 3,
  SELU: 4,
  GELU: 8,
  SiLU: 5,
  Mish: 6,
  Sigmoid: 4,
  Hardsigmoid: 4,
  Hardswish: 5,
  Softplus: 3,
  Softsign: 3,
  Tanh: 5,
  Softmax: 4,
  LogSoftmax: 5,
  Dropout: 0,
  Identity: 0,
} as const;

/** An activation or dropout: the shape stays. */
export interface ElementwiseSpec extends LayerBase {
  readonly type: keyof typeof elementwiseFlops;
}

/** A map becomes a vector. */
export interface FlattenSpec extends LayerBase {
  readonly type: 'Flatten';
}

/** Branches of equal shape put together element by element. A map of height and width 1 is repeated over the others'. */
export interface MergeSpec extends LayerBase {
  readonly type: 'Add' | 'Subtract' | 'Multiply' | 'Average' | 'Maximum' | 'Minimum';
}

/** Branches put behind one another along the channels. */
export interface ConcatSpec extends LayerBase {
  readonly type: 'Concat';
}

/** A layer this package does not know: the caller says what it costs. */
export interface CustomSpec extends LayerBase {
  readonly type: 'Custom';
  readonly className: string;
  readonly outputShape: Shape | ((inputShapes: readonly Shape[]) => Shape);
  /** Default 0. */
  readonly params?: number;
  /** Numbers that are saved with the weights and not learned. Default 0. */
  readonly buffers?: number;
  /** Default 0. */
  readonly macs?: number;
}

/** One layer of a network on paper. Types and options are PyTorch's, shapes are `[height, width, channels]`. */
export type LayerSpec =
  | InputSpec
  | Conv2dSpec
  | ConvTranspose2dSpec
  | PoolSpec
  | AdaptivePoolSpec
  | GlobalPoolSpec
  | PadSpec
  | UpsampleSpec
  | LinearSpec
  | BatchNormSpec
  | LocalResponseNormSpec
  | ElementwiseSpec
  | FlattenSpec
  | MergeSpec
  | ConcatSpec
  | CustomSpec;

/** PyTorch's name of a layer that this package knows. */
export type LayerType = LayerSpec['type'];
