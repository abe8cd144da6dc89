/** Small networks of tfjs-layers, and a few steps of training them whose result depends on nothing but the backend. */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { registerOnnxBackend } from '../register-backend.js';
import { numbers, randomValues } from './both-backends.js';

export function lenet(): tfl.LayersModel {
  const model = tfl.sequential();
  model.add(
    tfl.layers.conv2d({ inputShape: [12, 12, 1], filters: 6, kernelSize: 5, padding: 'same', activation: 'relu' }),
  );
  model.add(tfl.layers.maxPooling2d({ poolSize: 2, strides: 2 }));
  model.add(tfl.layers.conv2d({ filters: 16, kernelSize: 3, activation: 'tanh' }));
  model.add(tfl.layers.averagePooling2d({ poolSize: 2, strides: 2 }));
  model.add(tfl.layers.flatten());
  model.add(tfl.layers.dense({ units: 20, activation: 'relu' }));
  model.add(tfl.layers.dense({ units: 4, activation: 'softmax' }));
  return model;
}

/** Of few operations, each of which a software driver takes milliseconds for. */
export function oneConvolution(): tfl.LayersModel {
  const model = tfl.sequential();
  model.add(tfl.layers.conv2d({ inputShape: [12, 12, 1], filters: 6, kernelSize: 5, strides: 2, activation: 'relu' }));
  model.add(tfl.layers.flatten());
  model.add(tfl.layers.dense({ units: 4, activation: 'softmax' }));
  return model;
}

export function residualNetwork(): tfl.LayersModel {
  const input = tfl.input({ shape: [12, 12, 1] });
  const unit = (x: tfl.SymbolicTensor, filters: number, strides: number) => {
    const convolution = tfl.layers.conv2d({ filters, kernelSize: 3, strides, padding: 'same', useBias: false });
    return tfl.layers.batchNormalization().apply(convolution.apply(x)) as tfl.SymbolicTensor;
  };
  const relu = (x: tfl.SymbolicTensor) => tfl.layers.activation({ activation: 'relu' }).apply(x) as tfl.SymbolicTensor;
  const block = (x: tfl.SymbolicTensor, filters: number, strides: number) => {
    const shortcut = strides === 1 ? x : tfl.layers.conv2d({ filters, kernelSize: 1, strides }).apply(x);
    const residual = unit(relu(unit(x, filters, strides)), filters, 1);
    return relu(tfl.layers.add().apply([residual, shortcut as tfl.SymbolicTensor]) as tfl.SymbolicTensor);
  };
  let x = relu(unit(input, 16, 2));
  x = tfl.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }).apply(x) as tfl.SymbolicTensor;
  x = block(block(x, 16, 1), 32, 2);
  x = tfl.layers.globalAveragePooling2d({}).apply(x) as tfl.SymbolicTensor;
  x = tfl.layers.dense({ units: 4, activation: 'softmax' }).apply(x) as tfl.SymbolicTensor;
  return tfl.model({ inputs: input, outputs: x });
}

export interface Training {
  readonly losses: number[];
  readonly weights: Float32Array[];
}

/** Four steps of model.fit on eight images, from weights that depend on nothing but their shapes. */
export async function train(
  backend: string,
  build: () => tfl.LayersModel,
  optimizer: () => tf.Optimizer,
): Promise<Training> {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend(backend);
  const model = build();
  const initial = model.getWeights().map(({ shape }, i) => {
    // Running means start at 0, scales and variances near 1.
    const size = Math.sqrt(tf.util.sizeFromShape(shape.slice(0, -1)));
    return shape.length === 1 ? tf.ones(shape) : tf.mul(numbers(shape, i), 1.5 / size);
  });
  model.setWeights(initial);
  model.compile({ optimizer: optimizer(), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const x = tf.tensor4d(randomValues(8 * 144, 5), [8, 12, 12, 1]);
  const y = tf.oneHot(tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3], 'int32'), 4);
  const history = await model.fit(x, y, { epochs: 4, batchSize: 8, shuffle: false, verbose: 0 });
  return {
    losses: history.history['loss'] as number[],
    weights: model.getWeights().map((weight) => weight.dataSync<'float32'>().slice()),
  };
}
