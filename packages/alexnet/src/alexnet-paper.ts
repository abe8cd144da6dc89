import {
  buildModel,
  connect,
  constant,
  conv2d,
  type DropoutModelOptions,
  dense,
  dropout,
  flatten,
  localResponseNormalization,
  maxPooling2d,
  normal,
  relu,
} from '@cnnzoo/blocks';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Section 5: some biases start at 1, so that their ReLUs have something to learn from at once. */
const biasOfOne = { biasInitializer: constant(1) };

/**
 * AlexNet as in Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks" (2012): figure 2
 * and table 6-2 of the lecture. The two towers of figure 2, a GPU each, are the two groups of the second, fourth and fifth
 * convolution. Pooling windows overlap (section 3.4), responses are normalized (section 3.3). The paper's image of 224x224 is 227x227
 * by the arithmetic of its first convolution: (227 - 11) / 4 + 1 = 55.
 *
 * | layers                | type                            | output   | kernel, stride, groups |
 * |-----------------------|---------------------------------|----------|------------------------|
 * | features.0 to 2       | convolution, ReLU, LRN          | 55x55x96 | 11x11, 4               |
 * | features.3            | max pooling                     | 27x27x96 | 3x3, 2                 |
 * | features.4 to 6       | convolution, ReLU, LRN          | 27x27x256| 5x5, 1, 2 groups       |
 * | features.7            | max pooling                     | 13x13x256| 3x3, 2                 |
 * | features.8, 9         | convolution, ReLU               | 13x13x384| 3x3, 1                 |
 * | features.10, 11       | convolution, ReLU               | 13x13x384| 3x3, 1, 2 groups       |
 * | features.12, 13       | convolution, ReLU               | 13x13x256| 3x3, 1, 2 groups       |
 * | features.14           | max pooling                     | 6x6x256  | 3x3, 2                 |
 * | classifier.0 to 2     | dense, ReLU, dropout            | 4096     |                        |
 * | classifier.3 to 5     | dense, ReLU, dropout            | 4096     |                        |
 * | classifier.6          | dense                           | 1000     |                        |
 *
 * @param options see `ModelOptions`; `dropout`, 0.5 unless you say otherwise, after both hidden dense layers (section 4.2). Smallest
 *   input 67x67; the first dense layer takes the last feature map whatever its size, so that has to be known.
 * @returns a model from [batch, 227, 227, 3] to logits [batch, 1000]; 60,965,224 parameters
 * @throws TypeError or RangeError naming the option
 * @example
 * import { alexnetPaper } from '@cnnzoo/alexnet';
 *
 * const model = alexnetPaper({ numClasses: 10, seed: 1 });
 */
export function alexnetPaper(options: DropoutModelOptions = {}): LayersModel {
  return buildModel(
    {
      id: 'alexnet_paper',
      defaults: {
        numClasses: 1000,
        inputShape: [227, 227, 3],
        smallestInput: 67,
        knownInputSize: true,
        dropout: 0.5,
      },
      // Section 2: the shorter side is 256, whatever the crop.
      preprocessing: 'alexnetPaper',
      // Section 5: deviation 0.01; biases of 1 as marked, others of 0.
      initialWeights: {
        conv2d: { kernel: normal({ deviation: 0.01 }), bias: constant(0) },
        dense: { kernel: normal({ deviation: 0.01 }), bias: constant(0) },
      },
      features: (input) =>
        connect(
          input,
          conv2d({ name: 'features.0', filters: 96, kernelSize: 11, stride: 4 }),
          relu({ name: 'features.1' }),
          localResponseNormalization({ name: 'features.2' }),
          maxPooling2d({ name: 'features.3', poolSize: 3, stride: 2 }),
          conv2d({ name: 'features.4', filters: 256, kernelSize: 5, padding: 2, groups: 2, ...biasOfOne }),
          relu({ name: 'features.5' }),
          localResponseNormalization({ name: 'features.6' }),
          maxPooling2d({ name: 'features.7', poolSize: 3, stride: 2 }),
          conv2d({ name: 'features.8', filters: 384, kernelSize: 3, padding: 1 }),
          relu({ name: 'features.9' }),
          conv2d({ name: 'features.10', filters: 384, kernelSize: 3, padding: 1, groups: 2, ...biasOfOne }),
          relu({ name: 'features.11' }),
          conv2d({ name: 'features.12', filters: 256, kernelSize: 3, padding: 1, groups: 2, ...biasOfOne }),
          relu({ name: 'features.13' }),
          maxPooling2d({ name: 'features.14', poolSize: 3, stride: 2 }),
        ),
      classifier: (features, { numClasses, dropout: rate }) =>
        // Repeated in @cnnzoo/vgg: a network is written out layer by layer, and reads as its paper's table does.
        connect(
          features,
          flatten({ name: 'flatten' }),
          dense({ name: 'classifier.0', units: 4096, ...biasOfOne }),
          relu({ name: 'classifier.1' }),
          dropout({ name: 'classifier.2', rate }),
          dense({ name: 'classifier.3', units: 4096, ...biasOfOne }),
          relu({ name: 'classifier.4' }),
          dropout({ name: 'classifier.5', rate }),
          dense({ name: 'classifier.6', units: numClasses }),
        ),
    },
    options,
  );
}
