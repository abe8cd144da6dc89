import { buildModel, connect, conv2d, dense, flatten, type ModelOptions, maxPooling2d, relu } from '@cnnzoo/blocks';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * LeNet-5: LeCun et al., "Gradient-based learning applied to document recognition" (1998), figure 2, as table 6-1 of the lecture
 * has it: ReLU and max pooling where the original has tanh and average pooling.
 *
 * | layers | type        | output   | kernel, stride |
 * |--------|-------------|----------|----------------|
 * |        | image     | 32x32x1  |                |
 * | conv1  | convolution | 28x28x6  | 5x5, 1         |
 * | pool1  | max pooling | 14x14x6  | 2x2, 2         |
 * | conv2  | convolution | 10x10x16 | 5x5, 1         |
 * | pool2  | max pooling | 5x5x16   | 2x2, 2         |
 * | fc1    | dense       | 120      |                |
 * | fc2    | dense       | 84       |                |
 * | fc3    | dense       | 10       |                |
 *
 * @param options see `ModelOptions`; `numClasses` is 10 and `inputShape` [32, 32, 1] unless you say otherwise. MNIST's images of
 *   28x28 get 2 pixels of black on each side. Smallest input 16x16.
 * @returns a model from [batch, 32, 32, 1] to logits [batch, 10]; 61,706 parameters
 * @throws TypeError or RangeError naming the option
 * @example
 * import { lenet5 } from '@cnnzoo/lenet';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const model = lenet5({ seed: 1 });
 * const logits = model.predict(tf.zeros([1, 32, 32, 1])) as tf.Tensor2D;
 */
export function lenet5(options: ModelOptions = {}): LayersModel {
  return buildModel(
    {
      id: 'lenet5',
      defaults: { numClasses: 10, inputShape: [32, 32, 1], smallestInput: 16, knownInputSize: true },
      preprocessing: 'mnist',
      features: (input) =>
        connect(
          input,
          conv2d({ name: 'conv1', filters: 6, kernelSize: 5 }),
          relu({ name: 'relu1' }),
          maxPooling2d({ name: 'pool1', poolSize: 2 }),
          conv2d({ name: 'conv2', filters: 16, kernelSize: 5 }),
          relu({ name: 'relu2' }),
          maxPooling2d({ name: 'pool2', poolSize: 2 }),
        ),
      classifier: (features, { numClasses }) =>
        connect(
          features,
          flatten({ name: 'flatten' }),
          dense({ name: 'fc1', units: 120 }),
          relu({ name: 'relu3' }),
          dense({ name: 'fc2', units: 84 }),
          relu({ name: 'relu4' }),
          dense({ name: 'fc3', units: numClasses }),
        ),
    },
    options,
  );
}
