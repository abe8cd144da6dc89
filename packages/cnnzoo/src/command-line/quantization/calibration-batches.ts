/** Images for calibration, prepared as the classifier sees them. */
import { DataLoader, subset } from '@cnnzoo/data';
import { evaluationTransform } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import type { ImageClassifier } from '../../classifier/classifier.js';
import { openTrainingImages } from '../../classifier/labelled-images.js';

/** Images of a batch: as many as there is memory for, whatever their size. */
const imagesAtOnce = 10;

/**
 * @param place of images in classes, any classes
 * @param count of images, spread evenly: folders are sorted by class
 * @param onProgress called with how many images there were so far
 */
export async function* calibrationBatches(
  { network: { preprocessing, inputShape } }: ImageClassifier,
  place: string,
  count: number,
  onProgress: (done: number) => void,
): AsyncGenerator<Float32Array> {
  const [, , channels] = inputShape;
  const { training } = await openTrainingImages(place, channels);
  const taken = Math.min(count, training.length);
  const indices = Array.from({ length: taken }, (_, i) => Math.floor((i * training.length) / taken));
  const transform = evaluationTransform(preprocessing);
  const options = { batchSize: imagesAtOnce, transform, shuffle: false, workers: 0 };
  const loader = new DataLoader(subset(training, indices), options);
  let done = 0;
  try {
    for await (const { images, labels } of loader.epoch(0)) {
      const values = (await images.data<'float32'>()).slice();
      done += images.shape[0] ?? 0;
      tf.dispose([images, labels]);
      onProgress(done);
      yield values;
    }
  } finally {
    await loader.close();
  }
}
