/**
 * What networks ask of an engine, as small computations whose results can be compared: convolutions, pooling, batch norm, local response
 * normalization, the label-smoothed loss, all their gradients, and steps of training. Only public operations of tfjs and the
 * layers of blocks, and only what every backend of tfjs is meant to do the same way.
 */
import { averagePooling2d, batchNorm, connect, conv2d, localResponseNormalization, maxPooling2d } from '@cnnzoo/blocks';
import { lenet5 } from '@cnnzoo/lenet';
import { crossEntropy } from '@cnnzoo/losses';
import { uniform } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import { input as inputTensor, type LayersModel, type layers, model as makeModel } from '@tensorflow/tfjs-layers';

export type Results = Record<string, tf.Tensor>;

export interface EngineCase {
  /** What a kind of engine may lack as a whole. */
  readonly group: EngineGroup;
  /** Unique. */
  readonly name: string;
  /** Makes its own inputs and returns results by name. Runs within a tidy. */
  compute(): Results;
}

export const engineGroups = [
  'convolution',
  /** `tf.conv2d` with the padding as a number: TensorFlow's engines refuse it, so the networks do not use it. */
  'convolution padded by a number',
  'depthwise convolution',
  'pooling',
  'batch norm',
  'local response normalization',
  'loss',
  'training',
] as const;
export type EngineGroup = (typeof engineGroups)[number];

/** Numbers between -1 and 1 that depend on name and shape only. */
function numbers<R extends tf.Rank>(name: string, shape: tf.ShapeMap[R]): tf.Tensor<R> {
  return tf.tensor(uniform(name, tf.util.sizeFromShape(shape)), shape);
}

/** f and its gradients for a random gradient of its result: a sum's would be ones everywhere and hide mistakes. */
function withGradients(f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: Readonly<Record<string, tf.Tensor>>): Results {
  const tensors = Object.values(inputs);
  const y = f(...tensors);
  const gradients = tf.grads(f)(tensors, numbers('dy', y.shape));
  const names = Object.keys(inputs);
  return { y, ...Object.fromEntries(gradients.map((gradient, i) => [`gradient of ${names[i]}`, gradient])) };
}

/** The variables behind a model's weights, by the names of its weights. */
function variablesOf(model: LayersModel, of: 'weights' | 'trainableWeights'): Map<string, tf.Variable> {
  const { registeredVariables } = tf.engine();
  return new Map(
    model[of].map(({ name, originalName }) => [originalName, registeredVariables[name] as tf.Variable] as const),
  );
}

/** Gives every weight numbers that depend on its name and place only: scales near 1, filters of the usual size. */
function setWeights(model: LayersModel): void {
  model.weights.forEach((weight, i) => {
    const shape = weight.shape.map(Number);
    const value = tf.tidy(() => {
      const random = numbers(`${i} ${weight.originalName}`, shape);
      if (/gamma|variance/.test(weight.originalName)) return tf.add(1, tf.mul(random, 0.3));
      if (shape.length === 1) return tf.mul(random, 0.1);
      return tf.mul(random, Math.sqrt(6 / tf.util.sizeFromShape(shape.slice(0, -1))));
    });
    weight.write(value);
    value.dispose();
  });
}

/** A layer's result and its gradients with respect to input and weights; with what it does to its weights itself. */
function layerWithGradients(layer: layers.Layer, shape: [number, number, number, number], training = false): Results {
  const symbolic = inputTensor({ shape: shape.slice(1) });
  const model = makeModel({ inputs: symbolic, outputs: connect(symbolic, layer) });
  setWeights(model);
  const trainable = variablesOf(model, 'trainableWeights');
  const x = numbers('x', shape);
  const apply = (input: tf.Tensor) => model.apply(input, { training }) as tf.Tensor;
  const y = apply(x);
  const dy = numbers('dy', y.shape);
  const dx = tf.grad(apply)(x, dy);
  const results: Results = { y, 'gradient of x': dx };
  if (trainable.size > 0) {
    const { grads, value } = tf.variableGrads(() => tf.sum(tf.mul(apply(x), dy)), [...trainable.values()]);
    value.dispose();
    for (const [name, variable] of trainable) results[`gradient of ${name}`] = grads[variable.name] as tf.Tensor;
  }
  for (const [name, variable] of variablesOf(model, 'weights'))
    if (!trainable.has(name)) results[name] = tf.clone(variable);
  model.dispose();
  return results;
}

const kernels: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 3],
  [5, 5],
  [2, 3],
];
const strides = [1, 2, 3];
/** Zeros above, left, below and right. */
const paddings = ['valid', 'same', [1, 1, 1, 1], [2, 2, 2, 2], [0, 0, 1, 1], [3, 1, 0, 2]] as const;

function* convolutions(): Generator<EngineCase> {
  for (const kernel of kernels)
    for (const stride of strides)
      for (const padding of paddings)
        yield {
          group: 'convolution',
          name: `convolution ${kernel.join('x')}, stride ${stride}, padding ${padding}`,
          compute: () =>
            withGradients(
              (x, filter) => {
                const [top, left, bottom, right] = typeof padding === 'string' ? [0, 0, 0, 0] : padding;
                const padded =
                  typeof padding === 'string'
                    ? x
                    : tf.pad(x, [
                        [0, 0],
                        [top, bottom],
                        [left, right],
                        [0, 0],
                      ]);
                const mode = typeof padding === 'string' ? padding : 'valid';
                return tf.conv2d(padded as tf.Tensor4D, filter as tf.Tensor4D, stride, mode);
              },
              { x: numbers('x', [2, 9, 8, 3]), filter: numbers('filter', [...kernel, 3, 4]) },
            ),
        };
  for (const [channels, filters, size] of [
    [16, 32, 7],
    [32, 32, 16],
    [64, 16, 4],
  ] as const)
    for (const [kernel, stride] of [
      [1, 1],
      [1, 2],
      [3, 1],
      [3, 2],
    ] as const)
      yield {
        group: 'convolution',
        name: `convolution ${kernel}x${kernel}, stride ${stride}, ${channels} to ${filters} channels of ${size}x${size}`,
        compute: () =>
          withGradients((x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, 'same'), {
            x: numbers('x', [2, size, size, channels]),
            filter: numbers('filter', [kernel, kernel, channels, filters]),
          }),
      };
  for (const dilation of [1, 2])
    for (const groups of [1, 2])
      for (const padding of ['valid', 1, 2, [0, 2]] as const)
        yield {
          group: 'convolution',
          name: `layer conv2d, dilation ${dilation}, ${groups} groups, padding ${padding}`,
          compute: () =>
            layerWithGradients(
              conv2d({
                name: 'layer',
                filters: 6,
                kernelSize: 3,
                padding: typeof padding === 'object' ? [...padding] : padding,
                dilation,
                groups,
              }),
              [2, 9, 8, 4],
            ),
        };
  // ResNeXt's grouped convolutions, down to images that are smaller than the kernel.
  for (const [channels, stride, size] of [
    [128, 1, 4],
    [128, 2, 3],
    [256, 1, 2],
    [256, 2, 2],
    [512, 1, 1],
  ] as const)
    yield {
      group: 'convolution',
      name: `layer conv2d 3x3 in 32 groups, stride ${stride}, ${channels} channels of ${size}x${size}`,
      compute: () =>
        layerWithGradients(
          conv2d({ name: 'layer', filters: channels, kernelSize: 3, stride, padding: 1, groups: 32, useBias: false }),
          [2, size, size, channels],
        ),
    };
  for (const stride of strides)
    for (const padding of [1, 2])
      yield {
        group: 'convolution padded by a number',
        name: `convolution 3x3, stride ${stride}, padded by ${padding}`,
        compute: () =>
          withGradients(
            (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, padding, 'NHWC', 1, 'floor'),
            { x: numbers('x', [2, 9, 9, 3]), filter: numbers('filter', [3, 3, 3, 4]) },
          ),
      };
  for (const stride of [1, 2])
    for (const padding of ['valid', 'same'] as const)
      yield {
        group: 'depthwise convolution',
        name: `depthwise convolution 3x3, stride ${stride}, padding ${padding}`,
        compute: () =>
          withGradients((x, filter) => tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, padding), {
            x: numbers('x', [2, 9, 8, 3]),
            filter: numbers('filter', [3, 3, 3, 2]),
          }),
      };
}

function* pooling(): Generator<EngineCase> {
  for (const size of [2, 3] as const)
    for (const stride of strides)
      for (const padding of ['valid', 'same'] as const) {
        const x = () => numbers<tf.Rank.R4>('x', [2, 9, 8, 3]);
        yield {
          group: 'pooling',
          name: `max pooling ${size}x${size}, stride ${stride}, padding ${padding}`,
          compute: () => withGradients((input) => tf.maxPool(input as tf.Tensor4D, size, stride, padding), { x: x() }),
        };
        yield {
          group: 'pooling',
          name: `average pooling ${size}x${size}, stride ${stride}, padding ${padding}`,
          // At borders tfjs's engines do not agree on the gradient; blocks' layer has its own.
          compute: () =>
            padding === 'valid'
              ? withGradients((input) => tf.avgPool(input as tf.Tensor4D, size, stride, padding), { x: x() })
              : { y: tf.avgPool(x(), size, stride, padding) },
        };
      }
  for (const stride of [1, 2])
    for (const padding of [0, 1]) {
      const options = { name: 'layer', poolSize: 3, stride, padding };
      const shape: [number, number, number, number] = [2, 9, 8, 3];
      const name = `, stride ${stride}, padding ${padding}`;
      yield {
        group: 'pooling',
        name: `layer maxPooling2d${name}`,
        compute: () => layerWithGradients(maxPooling2d(options), shape),
      };
      for (const countIncludePad of [true, false])
        yield {
          group: 'pooling',
          name: `layer averagePooling2d${name}, countIncludePad ${countIncludePad}`,
          compute: () => layerWithGradients(averagePooling2d({ ...options, countIncludePad }), shape),
        };
    }
  yield {
    group: 'pooling',
    name: 'the first of equal maxima takes the gradient',
    compute: () => withGradients((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'), { x: tf.ones([1, 4, 4, 2]) }),
  };
}

function* normalization(): Generator<EngineCase> {
  yield {
    group: 'batch norm',
    name: 'batch norm with given statistics',
    compute: () =>
      withGradients(
        (x, mean, variance, offset, scale) =>
          tf.batchNorm(
            x as tf.Tensor4D,
            mean as tf.Tensor1D,
            variance as tf.Tensor1D,
            offset as tf.Tensor1D,
            scale as tf.Tensor1D,
            1e-3,
          ),
        {
          x: numbers('x', [2, 5, 4, 3]),
          mean: numbers('mean', [3]),
          variance: tf.add(1.5, numbers('variance', [3])),
          offset: numbers('offset', [3]),
          scale: numbers('scale', [3]),
        },
      ),
  };
  for (const training of [true, false])
    yield {
      group: 'batch norm',
      name: `layer batchNorm, training ${training}`,
      compute: () => layerWithGradients(batchNorm({ name: 'layer' }), [4, 5, 4, 3], training),
    };
  for (const [radius, bias, alpha, beta] of [
    [2, 2, 1e-4, 0.75],
    [5, 1, 1, 0.5],
    [1, 0.5, 0.3, 1.2],
  ] as const)
    yield {
      group: 'local response normalization',
      name: `local response normalization, radius ${radius}, alpha ${alpha}, beta ${beta}`,
      compute: () =>
        withGradients((x) => tf.localResponseNormalization(x as tf.Tensor4D, radius, bias, alpha, beta), {
          x: numbers('x', [2, 3, 4, 8]),
        }),
    };
  yield {
    group: 'local response normalization',
    name: 'layer localResponseNormalization',
    compute: () => layerWithGradients(localResponseNormalization({ name: 'layer', size: 5 }), [2, 3, 4, 8]),
  };
}

function* losses(): Generator<EngineCase> {
  const indices = () => tf.tensor1d([0, 4, 2, 2, 1, 3], 'int32');
  for (const labelSmoothing of [0, 0.1])
    for (const reduction of ['mean', 'none'] as const)
      yield {
        group: 'loss',
        name: `crossEntropy, labelSmoothing ${labelSmoothing}, reduction ${reduction}`,
        compute: () =>
          withGradients(
            (logits) =>
              crossEntropy(indices(), logits as tf.Tensor2D, { labelSmoothing, reduction: reduction as 'mean' }),
            { logits: tf.mul(5, numbers('logits', [6, 5])) },
          ),
      };
  yield {
    group: 'loss',
    name: 'crossEntropy of soft labels with class weights',
    compute: () => {
      const labels: tf.Tensor2D = tf.softmax(tf.mul(3, numbers('labels', [6, 5])));
      const classWeights = [0.5, 1, 2, 1.5, 0.1];
      return withGradients(
        (logits) => crossEntropy(labels, logits as tf.Tensor2D, { labelSmoothing: 0.2, classWeights }),
        { logits: tf.mul(5, numbers('logits', [6, 5])) },
      );
    },
  };
}

/** Steps of training: the losses before each, and the weights in the end. */
function train(
  model: LayersModel,
  inputShape: [number, number, number],
  optimizer: tf.Optimizer,
  steps: number,
): Results {
  setWeights(model);
  const weights = variablesOf(model, 'trainableWeights');
  const images = numbers<tf.Rank.R4>('images', [6, ...inputShape]);
  const labels = tf.tensor1d([3, 1, 4, 1, 5, 9], 'int32');
  const lossOf = (): tf.Scalar =>
    crossEntropy(labels, model.apply(images, { training: true }) as tf.Tensor2D, { labelSmoothing: 0.1 });
  const results: Results = {};
  for (let step = 0; step < steps; step++) {
    const loss = optimizer.minimize(lossOf, true, [...weights.values()]);
    if (loss !== null) results[`loss before step ${step + 1}`] = loss;
  }
  for (const [name, variable] of weights) results[`${name} in the end`] = tf.clone(variable);
  optimizer.dispose();
  model.dispose();
  return results;
}

function* training(): Generator<EngineCase> {
  for (const [name, optimizer] of [
    ['SGD', () => tf.train.sgd(0.05)],
    ['Adam', () => tf.train.adam(0.001)],
  ] as const)
    yield {
      group: 'training',
      name: `five steps of LeNet-5 by ${name}`,
      compute: () => train(lenet5({ seed: 1 }), [32, 32, 1], optimizer(), 5),
    };
}

export const engineCases: readonly EngineCase[] = [
  ...convolutions(),
  ...pooling(),
  ...normalization(),
  ...losses(),
  ...training(),
];
