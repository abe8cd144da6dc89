/** CIFAR-10 as batches: an archive of train/CLASS/NNNN.jpg and test/CLASS/NNNN.jpg, and networks of akamaster's weights for it. */
import { DataLoader, type Dataset, imageFolder, subset } from '@cnnzoo/data';
import { cifarResnet } from '@cnnzoo/resnet';
import { evaluationTransform, preprocessings } from '@cnnzoo/transforms';
import { loadPretrained } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

export interface CifarBatch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** Evenly spread: an archive is sorted by class. */
export async function cifarSubset(archive: string, root: 'train' | 'test', images: number): Promise<Dataset> {
  const all: Dataset = await imageFolder(archive, { root });
  const number = Math.min(images, all.length);
  return subset(
    all,
    Array.from({ length: number }, (_, i) => Math.floor((i * all.length) / number)),
  );
}

export async function cifarBatches(archive: string, root: 'train' | 'test', images: number): Promise<CifarBatch[]> {
  const transform = evaluationTransform(preprocessings.cifar);
  const loader = new DataLoader(await cifarSubset(archive, root, images), {
    batchSize: 100,
    transform,
    shuffle: false,
    workers: 0,
  });
  const batches: CifarBatch[] = [];
  for await (const batch of loader.epoch(0)) {
    const values = batch.images.dataSync<'float32'>().slice();
    batches.push({ images: values, labels: batch.labels.dataSync<'int32'>().slice() });
    tf.dispose([batch.images, batch.labels]);
  }
  await loader.close();
  return batches;
}

/** @param weights akamaster's file, of a network of this depth */
export async function trainedResnet(weights: string, depth: number): Promise<LayersModel> {
  const model = cifarResnet({ depth: depth as 20 | 32 });
  await loadPretrained(model, weights);
  return model;
}

/** @param run the scores of a batch @returns the class of each image */
export function answersOf(batches: readonly CifarBatch[], run: (images: Float32Array) => Float32Array): number[] {
  return batches.flatMap(({ images }) => {
    const scores = run(images);
    return Array.from({ length: scores.length / 10 }, (_, i) => {
      const row = scores.subarray(10 * i, 10 * i + 10);
      return row.indexOf(row.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY));
    });
  });
}

export const labelsOf = (batches: readonly CifarBatch[]): number[] => batches.flatMap(({ labels }) => [...labels]);

/** In percent. */
export const share = (found: readonly number[], expected: readonly number[]): number =>
  (100 * found.filter((answer, i) => answer === expected[i]).length) / expected.length;
