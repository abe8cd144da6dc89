/**
 * The backward pass of a batch in parts that are computed at the same time, as data-parallel training does it: gradients and measures are the
 * means over the parts, weighted by their images and added up in the parts' order. Batch norm normalizes each part by its own statistics; the
 * running statistics afterwards are the mean of what each part would have made of them.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type BackwardOptions, backward } from './backward.js';
import type { Batch } from './batch.js';
import type { Replicas } from './replicas.js';

/** What one part gives, times its share of the images. */
export interface PartResult {
  /** Gradients, running statistics and measures, one after the other: the caller's to dispose. */
  readonly tensors: readonly tf.Tensor[];
  /** What has gradients. */
  readonly gradients: readonly string[];
  /** Variables that the forward pass has given new values. */
  readonly statistics: readonly tf.Variable[];
}

/** What the forward pass of a part needs. */
interface PartSetup {
  readonly model: LayersModel;
  readonly variables: tf.Variable[];
  readonly options: BackwardOptions;
  /** What the forward pass may give new values: the running statistics of batch norm. */
  readonly statistics: readonly tf.Variable[];
  /** Their values before. */
  readonly before: readonly tf.Tensor[];
}

/** A batch's images and labels in parts as equal as they can be, the first ones larger by one image. The caller disposes them. */
export function splitBatch({ images, labels }: Batch, count: number): Batch[] {
  const total = images.shape[0];
  const parts = Math.min(count, total);
  let begin = 0;
  return Array.from({ length: parts }, (_, i) => {
    const size = Math.floor(total / parts) + (i < total % parts ? 1 : 0);
    const part = { images: tf.slice(images, begin, size), labels: tf.slice(labels, begin, size) };
    begin += size;
    return part;
  });
}

/** Gradients and measures of all parts of a batch. Variables are as before. */
export async function backwardInParts(
  model: LayersModel,
  variables: tf.Variable[],
  batch: Batch,
  options: BackwardOptions,
  replicas: Replicas,
): Promise<PartResult[]> {
  const statistics = model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable);
  const before = statistics.map((variable) => variable.clone());
  const setup = { model, variables, options, statistics, before };
  const parts = splitBatch(batch, replicas.count);
  const results: PartResult[] = [];
  try {
    replicas.begin();
    for (const part of parts) {
      if (results.length > 0) replicas.start();
      const share = part.images.shape[0] / batch.images.shape[0];
      results.push(repeatedResult(parts[0], results[0], part, replicas) ?? recordedResult(setup, part, share));
    }
    await replicas.finish();
    return results;
  } catch (error) {
    disposeParts(results);
    throw error;
  } finally {
    tf.dispose(before);
    for (const { images, labels } of parts) tf.dispose([images, labels]);
  }
}

function recordedResult(setup: PartSetup, part: Batch, share: number): PartResult {
  const { model, variables, options, statistics, before } = setup;
  let [names, changed]: [string[], tf.Variable[]] = [[], []];
  try {
    const tensors = tf.tidy(() => {
      const { gradients, measures } = backward(model, variables, part, options);
      names = Object.keys(gradients);
      changed = statistics.filter((variable, i) => variable.dataId !== before[i]?.dataId);
      return [...Object.values(gradients), ...changed, ...measures].map((tensor) => tf.mul(tensor, share));
    });
    return { tensors, gradients: names, statistics: changed };
  } finally {
    statistics.forEach((variable, i) => {
      const value = before[i];
      if (value !== undefined && variable.dataId !== value.dataId) variable.assign(value);
    });
  }
}

/** A part's result as the first one was recorded; null for the first one, and where a part has to be recorded by itself. */
function repeatedResult(
  first: Batch | undefined,
  result: PartResult | undefined,
  part: Batch,
  replicas: Replicas,
): PartResult | null {
  if (first === undefined || result === undefined || first.images.shape[0] !== part.images.shape[0]) return null;
  const tensors = replicas.repeat(result.tensors, [first.images, first.labels], [part.images, part.labels]);
  return tensors === null ? null : { ...result, tensors };
}

/** The means over the parts: sums of the results in their order. The model's running statistics are set. */
export function mergeParts(parts: readonly PartResult[]): { gradients: tf.NamedTensorMap; measures: tf.Scalar[] } {
  const [first] = parts;
  if (first === undefined) throw new Error('a batch has at least one part');
  const sums = first.tensors.map((_, i) => tf.addN(parts.flatMap(({ tensors }) => tensors[i] ?? [])));
  const { gradients, statistics } = first;
  const named = sums.splice(0, gradients.length);
  sums.splice(0, statistics.length).forEach((value, i) => {
    statistics[i]?.assign(value);
  });
  return {
    gradients: Object.fromEntries(gradients.map((name, i) => [name, named[i] as tf.Tensor])),
    measures: sums as tf.Scalar[],
  };
}

export function disposeParts(parts: readonly PartResult[]): void {
  for (const { tensors } of parts) tf.dispose([...tensors]);
}
