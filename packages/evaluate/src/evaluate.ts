import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { classCount, classProbabilities } from './class-probabilities.js';
import type { Dataset, Sample } from './dataset.js';
import type { Protocol } from './protocol.js';
import { largest, rank } from './ranking.js';
import type { EvaluationReport } from './report.js';

export interface EvaluateOptions {
  readonly protocol: Protocol;
  /** Pictures in one forward pass. Default 128. */
  readonly batchSize?: number;
  /** Told after each batch how many pictures are done. */
  readonly onEvent?: (event: EvaluateEvent) => void;
}

export interface EvaluateEvent {
  readonly type: 'progress';
  readonly done: number;
  readonly total: number;
  /** Of the pictures done. */
  readonly top1: number;
}

/**
 * Tests a model on a data set. Memory does not grow with the size of the data set.
 *
 * @param model a layers model whose first output are logits [count, classes]
 * @param dataset labelled pictures
 * @param options `protocol`: how a picture becomes inputs
 * @returns accuracy, per class and as a whole, and who was taken for whom
 * @throws RangeError before any work where the data set is empty or its categories are not as many as the model's classes; while
 *   working, naming the picture, where a label is out of range or a crop does not fit the model
 * @example
 * import { evaluate, singleCrop } from '@cnnzoo/evaluate';
 *
 * const { top1, count } = await evaluate(model, testSet, { protocol: singleCrop({ transform }) });
 * console.log(`${(100 * top1).toFixed(2)} % of ${count}`);
 */
export async function evaluate(
  model: LayersModel,
  dataset: Dataset,
  { protocol, batchSize = 128, onEvent = () => {} }: EvaluateOptions,
): Promise<EvaluationReport> {
  const { categories, length } = dataset;
  const classes = classCount(model);
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`batchSize must be a whole number of at least 1, got ${batchSize}`);
  if (length === 0) throw new RangeError('dataset must have at least one picture, got 0');
  if (categories.length !== classes)
    throw new RangeError(
      `dataset has ${categories.length} categories, expected ${classes}, the classes of model '${model.name}'`,
    );

  const began = performance.now();
  const confusion = categories.map(() => new Array<number>(classes).fill(0));
  const k = Math.min(5, classes);
  let inTop1 = 0;
  let inTopK = 0;
  let loss = 0;
  for (let start = 0; start < length; start += batchSize) {
    const samples = await readSamples(dataset, start, Math.min(start + batchSize, length));
    const rows = await classProbabilities(model, samples, protocol);
    for (const [i, { label }] of samples.entries()) {
      const probabilities = rows[i] ?? new Float32Array(classes);
      const place = rank(probabilities, label);
      if (place === 0) inTop1++;
      if (place < k) inTopK++;
      loss -= Math.log(probabilities[label] ?? 0);
      const [guess = 0] = largest(probabilities, 1);
      const row = confusion[label] ?? [];
      row[guess] = (row[guess] ?? 0) + 1;
    }
    const done = start + samples.length;
    onEvent({ type: 'progress', done, total: length, top1: inTop1 / done });
    // Lets signals and timers in.
    await tf.nextFrame();
  }
  return {
    protocol: protocol.name,
    categories,
    count: length,
    top1: inTop1 / length,
    top5: inTopK / length,
    loss: loss / length,
    perClass: categories.map((category, label) => {
      const row = confusion[label] ?? [];
      const count = row.reduce((sum, value) => sum + value, 0);
      return { category, count, accuracy: (row[label] ?? 0) / count };
    }),
    confusion,
    notes: k < 5 ? [`top5 is top-${k}: there are ${classes} classes, so it says nothing`] : [],
    millisecondsPerPicture: (performance.now() - began) / length,
  };
}

async function readSamples(dataset: Dataset, start: number, end: number): Promise<(Sample & { name: string })[]> {
  const samples: (Sample & { name: string })[] = [];
  for (let index = start; index < end; index++) {
    const { image, label } = await dataset.get(index);
    const name = `picture ${index}`;
    if (!Number.isInteger(label) || label < 0 || label >= dataset.categories.length)
      throw new RangeError(`${name}: label ${label}, expected 0 to ${dataset.categories.length - 1}`);
    samples.push({ image, label, name });
  }
  return samples;
}
