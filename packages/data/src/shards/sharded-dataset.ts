import { asDataError } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';
import { checkIndex, type SampleReference } from '../datasets/dataset.js';
import { loadSample } from '../datasets/load-sample.js';
import { type Shard, type ShardedDataset, shardOf, startsOf } from './shard.js';

/** A shard that nobody reads from is closed after this time, so that its connection does not keep the process alive. */
const idleMilliseconds = 1000;

/** A data set of shards. `get` reads on where the last call stopped; before that, from the start of the shard. */
export function shardedDataset(
  shards: readonly Shard[],
  categories: readonly string[],
  shuffleBuffer: number,
): ShardedDataset {
  const starts = startsOf(shards);
  const length = starts.at(-1) ?? 0;
  let open:
    | { readonly shard: number; readonly samples: AsyncGenerator<SampleReference | null>; place: number }
    | undefined;
  let idle: NodeJS.Timeout | undefined;
  let previous: Promise<unknown> = Promise.resolve();

  async function close(): Promise<void> {
    const { samples } = open ?? {};
    open = undefined;
    await samples?.return(null);
  }

  function closeWhenIdle(): void {
    idle = setTimeout(() => {
      previous = previous.then(close, close);
    }, idleMilliseconds);
    idle.unref();
  }

  async function reference(index: number): Promise<SampleReference> {
    clearTimeout(idle);
    const shard = shardOf(starts, index);
    const from = shards[shard];
    const place = index - (starts[shard] ?? 0);
    if (from === undefined) throw new RangeError(`no shard has sample ${index}`);
    if (open?.shard !== shard || open.place > place) {
      await close();
      open = { shard, samples: from.samples((each) => each >= place), place: 0 };
    }
    try {
      for (;;) {
        const { value, done } = await open.samples.next();
        if (done)
          throw new DataError(
            from.name,
            `it has ${open.place} samples, not the ${from.count} it should have: write its index again`,
          );
        if (open.place++ < place) continue;
        if (value === null) throw new Error(`sample ${place} was not read`);
        if (open.place === from.count) await close();
        else closeWhenIdle();
        return value;
      }
    } catch (cause) {
      await close();
      throw asDataError(from.name, cause);
    }
  }

  return {
    length,
    categories,
    shards,
    shuffleBuffer,
    async get(index) {
      checkIndex(index, length);
      // One after the other: a shard is read from its start. Decoding is not part of that.
      const found = previous.then(
        () => reference(index),
        () => reference(index),
      );
      previous = found.catch(() => {});
      return loadSample(await found);
    },
  };
}

/** Some samples of a data set in shards, in ascending order: the same shards, of which the others are left out. */
export function shardedSubset(dataset: ShardedDataset, indices: readonly number[]): ShardedDataset {
  const starts = startsOf(dataset.shards);
  const places: number[][] = dataset.shards.map(() => []);
  for (const index of indices) {
    const shard = shardOf(starts, index);
    places[shard]?.push(index - (starts[shard] ?? 0));
  }
  const shards = dataset.shards.flatMap((shard, i) => {
    const chosen = places[i] ?? [];
    return chosen.length === 0 ? [] : [chosen.length === shard.count ? shard : partOf(shard, chosen)];
  });
  return shardedDataset(shards, dataset.categories, dataset.shuffleBuffer);
}

/** @param chosen places in the shard, ascending */
function partOf(shard: Shard, chosen: readonly number[]): Shard {
  const rankOf = new Map(chosen.map((place, rank) => [place, rank]));
  const last = chosen.at(-1) ?? -1;
  return {
    name: shard.name,
    count: chosen.length,
    async *samples(wanted, signal) {
      let place = 0;
      const isWanted = (each: number) => {
        const rank = rankOf.get(each);
        return rank !== undefined && wanted(rank);
      };
      for await (const reference of shard.samples(isWanted, signal)) {
        if (rankOf.has(place)) yield reference;
        if (place++ === last && last < shard.count - 1) return;
      }
    },
  };
}
