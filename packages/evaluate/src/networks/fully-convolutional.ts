import { check, layersModel } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { classifierHead } from './classifier-head.js';
import { type Layer, walkGraph } from './graph-walk.js';

/**
 * A classifier as a fully convolutional network, as VGG and OverFeat are tested: the first dense layer becomes a convolution whose
 * kernel is the whole feature map, the others become 1x1 convolutions, and global pooling becomes pooling of that size at stride 1.
 * Applied to an image larger than the network's input it gives the logits at every position of its stride at once (Simonyan and
 * Zisserman 2014, section 3.2; Sermanet et al. 2013). At the network's own input size it gives what the network gives.
 *
 * Networks qualify that end in flatten or global pooling and dense layers, with activations, dropout and batch norm between them:
 * AlexNet, VGG, LeNet, ResNet and most of your own. Adaptive pooling between features and flatten is folded into the first kernel. A
 * softmax at the end is left out, so that logits can be averaged over space before it.
 *
 * @param model whose first output are logits or probabilities [batch, classes]; others are left out. Without a known input size, its
 *   metadata's `cropSize` counts
 * @returns a model from [batch, height, width, channels], height and width unknown, to logits [batch, rows, columns, classes]. Its
 *   weights share the memory of the model's as they are now; dispose it as any model
 * @throws RangeError naming the layer that cannot become a convolution
 * @example
 * import { toFullyConvolutional } from '@cnnzoo/evaluate';
 * import { lenet5 } from '@cnnzoo/lenet';
 * console.log(toFullyConvolutional(lenet5()).outputShape); // [null, null, null, 10]
 */
export function toFullyConvolutional(model: LayersModel): LayersModel {
  check('model', model, layersModel<LayersModel>());
  const head = classifierHead(model);
  const [source] = model.inputs;
  if (source === undefined) throw new RangeError(`model '${model.name}' has no input`);
  const x = input({ shape: [null, null, source.shape[3] ?? null], name: source.sourceLayer.name });

  const clones = new Map<Layer, Layer>();
  const cloned = (layer: Layer, config: Config = {}) => {
    const clone = clones.get(layer) ?? cloneOf(layer, config);
    clones.set(layer, clone);
    return clone;
  };
  let map = walkGraph<SymbolicTensor>(head.features, new Map([[source.id, x]]), (layer, inputs, options) => {
    const [first = inputs, ...others] = inputs;
    const outputs = cloned(layer).apply(others.length === 0 ? first : inputs, options);
    return (Array.isArray(outputs) ? outputs : [outputs]) as SymbolicTensor[];
  });
  const weights: [layer: Layer, values: tf.Tensor[]][] = [];
  const kernels: tf.Tensor[] = [];

  const { pooling, mapSize } = head;
  if (pooling?.kind === 'average' || pooling?.kind === 'max') {
    const pool = pooling.kind === 'average' ? layers.averagePooling2d : layers.maxPooling2d;
    const layer = pool({ name: pooling.layer.name, poolSize: [...mapSize], strides: 1, padding: 'valid' });
    map = layer.apply(map) as SymbolicTensor;
  }
  // Of the first dense layer; the others see a vector at each position.
  let window: Window = {
    size: pooling === null || pooling.kind === 'folded' ? mapSize : [1, 1],
    pooledTo: pooling?.kind === 'folded' ? pooling.outputSize : null,
  };
  for (const [index, { layer, kind }] of head.layers.entries()) {
    if (kind === 'other') {
      map = cloned(layer, onLastAxis(layer)).apply(map) as SymbolicTensor;
      continue;
    }
    const [kernel, ...bias] = layer.getWeights();
    if (kernel === undefined) throw new RangeError(`layer '${layer.name}' has no weights`);
    const isLast = index === head.layers.length - 1;
    const convolution = denseAsConvolution(layer, window, isLast && head.endsInSoftmax);
    map = convolution.apply(map) as SymbolicTensor;
    const values = convolutionKernel(kernel as tf.Tensor2D, window);
    kernels.push(values);
    weights.push([convolution, [values, ...bias]]);
    window = { size: [1, 1], pooledTo: null };
  }
  const convolutional = makeModel({ inputs: x, outputs: map, name: model.name });
  for (const [layer, clone] of clones) weights.push([clone, layer.getWeights()]);
  for (const [layer, values] of weights) if (values.length > 0) layer.setWeights(values);
  tf.dispose(kernels);
  return convolutional;
}

type Config = Readonly<Record<string, unknown>>;

/** The part of a feature map that a dense layer sees. */
interface Window {
  readonly size: readonly [height: number, width: number];
  /** Where it is pooled adaptively first. */
  readonly pooledTo: readonly [number, number] | null;
}

function denseAsConvolution(layer: Layer, { size }: Window, withoutActivation: boolean): Layer {
  const {
    units,
    useBias,
    activation = 'linear',
  } = layer.getConfig() as {
    units: number;
    useBias: boolean;
    activation?: 'relu';
  };
  return layers.conv2d({
    name: layer.name,
    filters: units,
    kernelSize: [...size],
    padding: 'valid',
    useBias,
    activation: withoutActivation ? 'linear' : activation,
    kernelInitializer: 'zeros',
    biasInitializer: 'zeros',
    trainable: layer.trainable,
  });
}

/** A layer of the same class and options with weights of its own. */
function cloneOf(layer: Layer, changes: Config): Layer {
  const { batchInputShape: _, ...config } = layer.getConfig();
  const LayerClass = layer.constructor as unknown as tf.serialization.SerializableConstructor<Layer>;
  return LayerClass.fromConfig(LayerClass, { ...config, ...changes } as tf.serialization.ConfigDict);
}

/** The last axis of [batch, features] is 1, of [batch, height, width, features] it is 3. */
function onLastAxis(layer: Layer): Config {
  return layer.getConfig()['axis'] === 1 ? { axis: -1 } : {};
}

/**
 * A dense layer's kernel [height * width * channels, units] as a convolution's [height, width, channels, units]. Adaptive pooling goes
 * into it: K'[y, x] = sum over bins (i, j) that contain (y, x) of K[i, j] / area(i, j).
 */
function convolutionKernel(kernel: tf.Tensor2D, { size: [height, width], pooledTo }: Window): tf.Tensor4D {
  const [features, units] = kernel.shape;
  const [rows, columns] = pooledTo ?? [height, width];
  const channels = features / (rows * columns);
  return tf.tidy(() => {
    if (rows === height && columns === width) return tf.reshape(kernel, [height, width, channels, units]);
    // [height, rows] x [rows, columns * channels * units]
    const byRow = tf.matMul(binShares(height, rows), tf.reshape(kernel, [rows, columns * channels * units]));
    const split = tf.reshape(byRow, [height, columns, channels * units]);
    const shares = tf.tile(tf.expandDims(binShares(width, columns), 0), [height, 1, 1]);
    return tf.reshape(tf.matMul(shares as tf.Tensor3D, split), [height, width, channels, units]) as tf.Tensor4D;
  });
}

/** The matrix [inputs, bins] of the share that an input has of the average of bin i, floor(i inputs / bins) to ceil((i + 1) inputs / bins). */
function binShares(inputs: number, bins: number): tf.Tensor2D {
  const values = new Float32Array(inputs * bins);
  for (let bin = 0; bin < bins; bin++) {
    const begin = Math.floor((bin * inputs) / bins);
    const end = Math.ceil(((bin + 1) * inputs) / bins);
    for (let i = begin; i < end; i++) values[i * bins + bin] = 1 / (end - begin);
  }
  return tf.tensor2d(values, [inputs, bins]);
}
