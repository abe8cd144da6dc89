/** What a data loader takes, and the rules of it. */
import { boolean, callable, integer, number, type OptionRules, oneOf, optional, rule } from '@cnnzoo/checks';
import type { BatchTransform } from '@cnnzoo/transforms';
import { type Sampler, samplerRule } from './sampler.js';
import type { TransformSource } from './transform-source.js';

/** The options of a `DataLoader`. */
export interface DataLoaderOptions {
  /** Images in a batch. */
  readonly batchSize: number;
  /** A new random order in each epoch, decided by `seed` and the epoch's index. Default false: the data set's order. */
  readonly shuffle?: boolean;
  /** Which samples an epoch shows, and in which order, instead of `shuffle`. */
  readonly sampler?: Sampler;
  /** Decides the order and what random transforms draw. Default 0. */
  readonly seed?: number;
  /**
   * What is done to each image; must end in images of one size. Default: none, so values stay 0 to 255. For workers, one of
   * @cnnzoo/transforms', or the URL of a module whose default export is a function of your own.
   */
  readonly transform?: TransformSource;
  /** Mixup or cutmix: the batch's labels become soft. */
  readonly batchTransform?: BatchTransform;
  /** Leave out the last batch of an epoch where it is smaller than the others. Default false. */
  readonly dropLast?: boolean;
  /** Threads that read, decode and transform. 0 does it in the calling thread. Default 0. */
  readonly workers?: number;
  /** Batches that each worker makes ahead. Default 2. */
  readonly prefetch?: number;
  /**
   * Seconds that reading, decoding and transforming one image may take in a worker. Then its worker is ended, and the image counts as one that
   * cannot be read. Default 60.
   */
  readonly imageTimeout?: number;
  /** What happens where an image cannot be read, decoded or transformed. 'skip' leaves it out and counts it. Default 'throw'. */
  readonly onError?: 'throw' | 'skip';
}

export const dataLoaderRules: OptionRules<DataLoaderOptions> = {
  batchSize: integer(1),
  shuffle: optional(boolean),
  sampler: optional(samplerRule),
  seed: optional(integer(0)),
  transform: optional(
    rule<TransformSource>(
      'a transform or the URL of a module',
      (value) => typeof value === 'function' || value instanceof URL,
    ),
  ),
  batchTransform: optional(callable<BatchTransform>('a batch transform, such as mixup(…)')),
  dropLast: optional(boolean),
  workers: optional(integer(0)),
  prefetch: optional(integer(1)),
  imageTimeout: optional(number(0.1)),
  onError: optional(oneOf(['throw', 'skip'])),
};
