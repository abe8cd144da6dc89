/** What tells an image apart from all others, in whichever data set it is. */
import { resolve } from 'node:path';
import { isShardedDataset, shardOf, startsOf } from '../shards/shard.js';
import { type Dataset, isReferenceDataset } from './dataset.js';

/** Where a subset without references has an image from. */
const origins = new WeakMap<Dataset, { readonly dataset: Dataset; readonly placeOf: (index: number) => number }>();

/** Says that image `index` of `part` is image `placeOf(index)` of `dataset`. */
export function rememberOrigin(part: Dataset, dataset: Dataset, placeOf: (index: number) => number): void {
  origins.set(part, { dataset, placeOf });
}

/** The same for the same image: its path, its place in memory, or its data set and index. */
export function imageKey(dataset: Dataset, index: number): string {
  if (isReferenceDataset(dataset)) {
    const reference = dataset.reference(index);
    if (reference.kind === 'file')
      return reference.bytes === undefined
        ? resolve(reference.name)
        : `${reference.name} in memory ${numberOf(reference.bytes.buffer)}`;
    if (reference.kind === 'pixels')
      return `${reference.name} at ${reference.image.data.byteOffset} in memory ${numberOf(reference.image.data.buffer)}`;
  }
  const origin = origins.get(dataset);
  if (origin !== undefined) return imageKey(origin.dataset, origin.placeOf(index));
  if (isShardedDataset(dataset)) {
    const starts = startsOf(dataset.shards);
    const shard = shardOf(starts, index);
    return `sample ${index - (starts[shard] ?? 0)} of ${dataset.shards[shard]?.name}`;
  }
  return `image ${index} of data set ${numberOf(dataset)}`;
}

const numbers = new WeakMap<object, number>();
let count = 0;

/** A number for each object, in the order in which they are asked for. */
function numberOf(object: object): number {
  const known = numbers.get(object);
  if (known !== undefined) return known;
  numbers.set(object, ++count);
  return count;
}
