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

/** What one part gives, as tensors that are the caller's to dispose. */
export interface PartResult {
  /** The part's share of the batch's images. */
  readonly share: number;
  /** Gradients, running statistics and measures, one after the other, times the share. */
  readonly tensors: readonly tf.Tensor[];
  /** What has gradients. */
  readonly gradients: readonly string[];
  /** Weights that the forward pass has given new values. */
  readonly statistics: readonly tf.Variable[];
  /** Whether other parts of as many images may be recorded as this one was. */
  readonly repeatable: boolean;
}

/** What the forward pass of a part needs. */
interface PartSetup {
  readonly model: LayersModel;
  readonly variables: tf.Variable[];
  readonly options: BackwardOptions;
  /** Weights that the forward pass may give new values: the running statistics of batch norm. */
  readonly statistics: readonly tf.Variable[];
  /** Their values before. */
  readonly before: readonly tf.Tensor[];
}

/**
 * A batch's images and labels in parts as equal as they can be, the first ones larger by one image; fewer parts where they had less than two
 * images, of which batch norm may have no variance. The caller disposes them.
 */
export function splitBatch({ images, labels }: Batch, count: number): Batch[] {
  const total = images.shape[0];
  const parts = Math.max(1, Math.min(count, Math.floor(total / 2)));
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

/** The tensors that variables hold, all that there are. */
function heldTensors(): Map<tf.Variable, object> {
  return new Map(Object.values(tf.engine().state.registeredVariables).map((variable) => [variable, variable.dataId]));
}

function recordedResult(setup: PartSetup, part: Batch, share: number): PartResult {
  const { model, variables, options, statistics, before } = setup;
  const held = heldTensors();
  try {
    let names: string[] = [];
    const changed = () => statistics.filter((variable, i) => variable.dataId !== before[i]?.dataId);
    const tensors = tf.tidy(() => {
      const { gradients, measures } = backward(model, variables, part, options);
      names = Object.keys(gradients);
      return [...Object.values(gradients), ...changed(), ...measures].map((tensor) =>
        // A count has no mean.
        tensor.dtype === 'float32' ? tf.mul(tensor, share) : tf.clone(tensor),
      );
    });
    const known = new Set(statistics);
    // What else has changed is a state of the loss's or a layer's own, which each part changes.
    const repeatable = [...heldTensors()].every(([variable, id]) => known.has(variable) || held.get(variable) === id);
    return { share, tensors, gradients: names, statistics: changed(), repeatable };
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
  if (first === undefined || result === undefined || !result.repeatable) return null;
  if (first.images.shape[0] !== part.images.shape[0]) return null;
  const tensors = replicas.repeat(result.tensors, [first.images, first.labels], [part.images, part.labels]);
  return tensors === null ? null : { ...result, tensors };
}

/** What parts have added to something, by what that is. */
function terms<Key>(
  parts: readonly PartResult[],
  keysOf: (part: PartResult) => readonly Key[],
  firstOf: (part: PartResult) => number,
): Map<Key, { readonly share: number; readonly tensor: tf.Tensor }[]> {
  const found = new Map<Key, { readonly share: number; readonly tensor: tf.Tensor }[]>();
  for (const part of parts)
    keysOf(part).forEach((key, i) => {
      const tensor = part.tensors[firstOf(part) + i];
      if (tensor !== undefined) found.set(key, [...(found.get(key) ?? []), { share: part.share, tensor }]);
    });
  return found;
}

const sumOf = (terms: readonly { readonly tensor: tf.Tensor }[]) => tf.addN(terms.map(({ tensor }) => tensor));

/** The means over the parts: sums of the results in their order. The model's running statistics are set. */
export function mergeParts(parts: readonly PartResult[]): { gradients: tf.NamedTensorMap; measures: tf.Scalar[] } {
  // A part that leaves a weight out, as where a layer is skipped, has no gradient of it.
  const gradients = terms(
    parts,
    (part) => part.gradients,
    () => 0,
  );
  const statistics = terms(
    parts,
    (part) => part.statistics,
    (part) => part.gradients.length,
  );
  for (const [variable, changes] of statistics) variable.assign(newStatistic(variable, changes));
  const measures = terms(
    parts,
    ({ tensors, gradients, statistics }) => tensors.slice(gradients.length + statistics.length).map((_, i) => i),
    ({ gradients, statistics }) => gradients.length + statistics.length,
  );
  return {
    gradients: Object.fromEntries([...gradients].map(([name, each]) => [name, sumOf(each)])),
    measures: [...measures.values()].map((each): tf.Scalar => sumOf(each) as tf.Scalar),
  };
}

/** The mean of what parts have made of a statistic, which parts that have not changed it leave as it was. */
function newStatistic(
  variable: tf.Variable,
  changes: readonly { readonly share: number; readonly tensor: tf.Tensor }[],
): tf.Tensor {
  const [first] = changes;
  if (first !== undefined && variable.dtype !== 'float32') return first.tensor;
  const rest = 1 - changes.reduce((sum, { share }) => sum + share, 0);
  const changed = sumOf(changes);
  // Shares add up to 1 within rounding where all parts have changed it.
  return rest < 1e-6 ? changed : tf.add(changed, tf.mul(variable, rest));
}

export function disposeParts(parts: readonly PartResult[]): void {
  for (const { tensors } of parts) tf.dispose([...tensors]);
}
