import { DataLoader, imageFolder } from '@cnnzoo/data';
import { compose, normalize, randomCrop, randomHorizontalFlip, toTensor } from '@cnnzoo/transforms';
import type { Tensor } from '@tensorflow/tfjs-core';

const transform = compose([
  randomCrop(32, { padding: 4 }),
  randomHorizontalFlip(),
  toTensor(),
  normalize([0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616]),
]);

/**
 * An epoch over the images of a folder: two workers decode and augment, and batches are trained on as they come.
 * @param step trains on one batch and returns its loss
 * @returns does one epoch, the next one with each call, and returns the mean loss
 */
export async function epochs(
  folder: string,
  batchSize: number,
  step: (images: Tensor, labels: Tensor) => Promise<number>,
): Promise<() => Promise<number>> {
  const images = await imageFolder(folder);
  const loader = new DataLoader(images, { batchSize, shuffle: true, seed: 1, transform, dropLast: true, workers: 2 });
  let index = 0;
  return async () => {
    let sum = 0;
    for await (const batch of loader.epoch(index++)) {
      sum += await step(batch.images, batch.labels);
      batch.images.dispose();
      batch.labels.dispose();
    }
    return sum / loader.batchesPerEpoch;
  };
}
