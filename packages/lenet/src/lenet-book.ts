import { buildModel, connect, conv2d, dense, flatten, type ModelOptions, maxPooling2d, relu } from '@cnnzoo/blocks';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * The LeNet of the lecture's code sample: bigger images, two classes, softmax at the end. As in the sample there is no activation
 * between the dense layers: it defines `relu5` and never applies it. Train it on its logits (`classifierActivation: 'linear'`): a
 * loss that takes logits, such as PyTorch's CrossEntropyLoss, would apply softmax a second time.
 *
 * | layers   | output     | parameters |
 * |----------|------------|------------|
 * | cnn1     | 220x220x16 | 1,216      |
 * | maxpool1 | 110x110x16 |            |
 * | cnn2     | 106x106x32 | 12,832     |
 * | maxpool2 | 53x53x32   |            |
 * | fc1      | 512        | 46,023,168 |
 * | fc2      | 2          | 1,026      |
 *
 * @param options see `ModelOptions`; `numClasses` is 2, `inputShape` [224, 224, 3] and `classifierActivation` 'softmax' unless you
 *   say otherwise. Smallest input 16x16.
 * @returns a model from [batch, 224, 224, 3] to probabilities [batch, 2]; 46,038,242 parameters
 * @throws TypeError or RangeError naming the option
 * @example
 * import { lenetBook } from '@cnnzoo/lenet';
 *
 * const model = lenetBook({ classifierActivation: 'linear', seed: 1 });
 */
export function lenetBook(options: ModelOptions = {}): LayersModel {
  return buildModel(
    {
      id: 'lenet_book',
      defaults: {
        numClasses: 2,
        inputShape: [224, 224, 3],
        classifierActivation: 'softmax',
        smallestInput: 16,
        knownInputSize: true,
      },
      preprocessing: 'imagenet',
      features: (input) =>
        connect(
          input,
          conv2d({ name: 'cnn1', filters: 16, kernelSize: 5 }),
          relu({ name: 'relu1' }),
          maxPooling2d({ name: 'maxpool1', poolSize: 2 }),
          conv2d({ name: 'cnn2', filters: 32, kernelSize: 5 }),
          relu({ name: 'relu2' }),
          maxPooling2d({ name: 'maxpool2', poolSize: 2 }),
        ),
      classifier: (features, { numClasses }) =>
        connect(
          features,
          flatten({ name: 'flatten' }),
          dense({ name: 'fc1', units: 512 }),
          dense({ name: 'fc2', units: numClasses }),
        ),
    },
    options,
  );
}
