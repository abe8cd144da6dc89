/** AlexNet with one tower, as torchvision and the lecture have it: Krizhevsky, "One weird trick for parallelizing CNNs" (2014). */
import {
  adaptiveAveragePooling2d,
  buildModel,
  connect,
  conv2d,
  type DropoutModelOptions,
  dense,
  dropout,
  flatten,
  type ModelDefaults,
  maxPooling2d,
  relu,
} from '@cnnzoo/blocks';
import type { LayersModel } from '@tensorflow/tfjs-layers';

interface Variant {
  readonly id: 'alexnet' | 'alexnet_book';
  readonly defaults: Pick<ModelDefaults, 'numClasses' | 'inputShape'>;
  /** Units of the two hidden dense layers. */
  readonly hidden: readonly [number, number];
}

/** The comments are outputs at 224x224. */
function build({ id, defaults, hidden }: Variant, options: DropoutModelOptions): LayersModel {
  return buildModel(
    {
      id,
      // Below 63x63 nothing is left for the last pooling.
      defaults: { ...defaults, smallestInput: 63, dropout: 0.5 },
      preprocessing: 'imagenet',
      features: (input) =>
        connect(
          input,
          conv2d({ name: 'features.0', filters: 64, kernelSize: 11, stride: 4, padding: 2 }), // 55x55x64
          relu({ name: 'features.1' }),
          maxPooling2d({ name: 'features.2', poolSize: 3, stride: 2 }), // 27x27x64
          conv2d({ name: 'features.3', filters: 192, kernelSize: 5, padding: 2 }), // 27x27x192
          relu({ name: 'features.4' }),
          maxPooling2d({ name: 'features.5', poolSize: 3, stride: 2 }), // 13x13x192
          conv2d({ name: 'features.6', filters: 384, kernelSize: 3, padding: 1 }), // 13x13x384
          relu({ name: 'features.7' }),
          conv2d({ name: 'features.8', filters: 256, kernelSize: 3, padding: 1 }), // 13x13x256
          relu({ name: 'features.9' }),
          conv2d({ name: 'features.10', filters: 256, kernelSize: 3, padding: 1 }), // 13x13x256
          relu({ name: 'features.11' }),
          maxPooling2d({ name: 'features.12', poolSize: 3, stride: 2 }), // 6x6x256
        ),
      classifier: (features, { numClasses, dropout: rate }) =>
        connect(
          features,
          adaptiveAveragePooling2d({ name: 'avgpool', outputSize: 6 }),
          flatten({ name: 'flatten' }),
          dropout({ name: 'classifier.0', rate }),
          dense({ name: 'classifier.1', units: hidden[0] }),
          relu({ name: 'classifier.2' }),
          dropout({ name: 'classifier.3', rate }),
          dense({ name: 'classifier.4', units: hidden[1] }),
          relu({ name: 'classifier.5' }),
          dense({ name: 'classifier.6', units: numClasses }),
        ),
    },
    options,
  );
}

/**
 * AlexNet as torchvision has it: one tower, no normalization, 64 to 256 channels. 61,100,840 parameters, 0.7 GMACs.
 * @param options see `ModelOptions`; `dropout`, 0.5 unless you say otherwise, before both hidden dense layers. Smallest input 63x63;
 *   height and width may be unknown (null).
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { alexnet } from '@cnnzoo/alexnet';
 *
 * const model = alexnet({ numClasses: 10, inputShape: [96, 96, 3], seed: 1 });
 */
export function alexnet(options: DropoutModelOptions = {}): LayersModel {
  return build(
    { id: 'alexnet', defaults: { numClasses: 1000, inputShape: [224, 224, 3] }, hidden: [4096, 4096] },
    options,
  );
}

/**
 * AlexNet of the lecture's code sample: torchvision's with a head of 4096, 512 and 2 units, at 256x256. 42,321,218 parameters.
 * @param options see `ModelOptions`, and `dropout`, as of `alexnet`
 * @returns a model from [batch, 256, 256, 3] to logits [batch, 2]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { alexnetBook } from '@cnnzoo/alexnet';
 *
 * const catsAndDogs = alexnetBook({ seed: 1 });
 */
export function alexnetBook(options: DropoutModelOptions = {}): LayersModel {
  return build(
    { id: 'alexnet_book', defaults: { numClasses: 2, inputShape: [256, 256, 3] }, hidden: [4096, 512] },
    options,
  );
}
