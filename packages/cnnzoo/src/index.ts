/** What Node has: all that browsers have, and what reads folders and writes files. */
export { type FineTunedClassifier, type FineTuneOptions, fineTune } from './classifier/fine-tune.js';
export { saveModel } from './classifier/saved-model.js';
export { type PushedToHub, type PushToHubOptions, pushToHub } from './hub/push-to-hub.js';
export * from './runs-in-browsers.js';
export {
  type EvaluateShardOptions,
  evaluateShard,
  extractShard,
  type PredictShardOptions,
  predictShard,
  type ShardOptions,
} from './shards/compute-shards.js';
export { type MergedShards, type MergeShardsOptions, mergeShards } from './shards/merge-shards.js';
export type { ShardResult } from './shards/shard-file.js';
export { shardFromEnvironment } from './shards/shard-from-environment.js';
