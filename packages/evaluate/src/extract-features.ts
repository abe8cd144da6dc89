import { check, listOf } from '@cnnzoo/checks';
import { classProbabilities, imagesPerBatch } from './networks/class-probabilities.js';
import type { Classifier } from './networks/classifier.js';
import { withEqualGraphs } from './networks/equal-graphs.js';
import { openFeatureNetwork } from './networks/feature-network.js';
import type { ImageInput } from './predict.js';
import { imageInputRule, readImageInput } from './read-image-input.js';
import { batchesOf } from './shard.js';

/** The vectors of images. */
export interface Features {
  /** One after the other, in the order of the images. */
  readonly values: Float32Array;
  /** Images, and numbers for each. */
  readonly shape: readonly [images: number, size: number];
}

/**
 * What a network makes of images before its last dense layer: 512 numbers for each image with ResNet-18, 2,048 with ResNet-50, 4,096 with VGG-16. Images
 * that look alike to the network are near each other.
 * @param classifier a layers model that ends in a dense layer (and a softmax), or `{ model, preprocessing }`
 * @param images pixels or paths of JPEG, PNG or WebP files; the middle of each is used
 * @throws RangeError or TypeError naming the model that has no features, or the image that does not fit it
 * @example
 * import { extractFeatures } from '@cnnzoo/evaluate';
 *
 * const { values, shape } = await extractFeatures(model, ['cat.jpg', 'dog.jpg']);
 * console.log(shape, values.subarray(0, shape[1]));
 */
export async function extractFeatures(classifier: Classifier, images: readonly ImageInput[]): Promise<Features> {
  check('images', images, listOf(imageInputRule));
  const network = openFeatureNetwork(classifier);
  try {
    const size = network.classes;
    const values = new Float32Array(images.length * size);
    const batches = batchesOf(images.length, imagesPerBatch([network], undefined), [0, 1]);
    const read = async (index: number) => {
      const input = images[index] as ImageInput;
      const name = typeof input === 'string' ? input : `images[${index}]`;
      return { image: await readImageInput(input, network.format.channels), name, known: undefined };
    };
    await withEqualGraphs(async () => {
      for await (const answers of classProbabilities([network], batches, read, undefined))
        for (const { index, probabilities } of answers) values.set(probabilities, index * size);
    });
    return { values, shape: [images.length, size] };
  } finally {
    network.dispose();
  }
}
