/** Images for calibration and for tests, prepared as the classifier sees them. */
import { DataLoader, type Dataset, subset } from '@cnnzoo/data';
import { evaluationTransform } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import type { ImageClassifier } from '../../classifier/classifier.js';
import { openTestImages, openTrainingImages } from '../../classifier/labelled-images.js';

/** Images of a batch: as many as there is memory for, whatever their size. */
const imagesAtOnce = 10;

/**
 * @param place of images in classes, any classes
 * @param count of images, spread evenly: folders are sorted by class
 * @param onProgress called with how many images there were so far
 */
export async function* calibrationBatches(
  classifier: ImageClassifier,
  place: string,
  count: number,
  onProgress: (done: number) => void,
): AsyncGenerator<Float32Array> {
  const { training } = await openTrainingImages(place, classifier.network.inputShape[2]);
  let done = 0;
  for await (const { images, labels } of batchesOf(classifier, training, count)) {
    done += labels.length;
    onProgress(done);
    yield images;
  }
}

/**
 * Images with their classes, again in each call.
 * @param count of images, spread evenly
 */
export function testBatches(
  classifier: ImageClassifier,
  place: string,
  count = Number.POSITIVE_INFINITY,
): () => AsyncGenerator<LabelledBatch> {
  return async function* () {
    const { categories, network } = classifier;
    yield* batchesOf(classifier, await openTestImages(place, categories, network.inputShape[2]), count);
  };
}

interface LabelledBatch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

async function* batchesOf(
  { network: { preprocessing } }: ImageClassifier,
  all: Dataset,
  count: number,
): AsyncGenerator<LabelledBatch> {
  const taken = Math.min(count, all.length);
  const indices = Array.from({ length: taken }, (_, i) => Math.floor((i * all.length) / taken));
  const transform = evaluationTransform(preprocessing);
  const options = { batchSize: imagesAtOnce, transform, shuffle: false, workers: 0 };
  const loader = new DataLoader(subset(all, indices), options);
  try {
    for await (const { images, labels } of loader.epoch(0)) {
      const batch = {
        images: (await images.data<'float32'>()).slice(),
        labels: (await labels.data<'int32'>()).slice(),
      };
      tf.dispose([images, labels]);
      yield batch;
    }
  } finally {
    await loader.close();
  }
}
