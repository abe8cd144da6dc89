export type { ReadableSource, ReadLimits, Source } from '@cnnzoo/files';
export type { ArchivePart } from './archives/archive-entry.js';
export { DataError } from './data-error.js';
export { type ArrayDataset, type ArrayDatasetOptions, arrayDataset } from './datasets/array-dataset.js';
export { type CifarOptions, cifar10, cifar100 } from './datasets/cifar.js';
export type {
  Dataset,
  FailedReference,
  FileReference,
  PixelReference,
  ReferenceDataset,
  Sample,
  SampleReference,
} from './datasets/dataset.js';
export { type IdxArray, parseIdx, readIdx } from './datasets/idx.js';
export { type ImageFolder, type ImageFolderOptions, imageFolder } from './datasets/image-folder.js';
export type { LeftOut } from './datasets/image-listing.js';
export { fashionMnist, type MnistOptions, mnist } from './datasets/mnist.js';
export type { NamedFiles } from './datasets/named-files.js';
export { type DatasetStats, type StatsOptions, stats } from './datasets/stats.js';
export { type SplitOptions, split, subset } from './datasets/subset.js';
export { type ContactSheetOptions, contactSheet } from './images/contact-sheet.js';
export { type Decoding, decodeImage, readImage } from './images/decode-image.js';
export type { ImageFormat } from './images/image-format.js';
export { DataLoader, type EpochOptions, type SkippedFile } from './loader/data-loader.js';
export type { DataLoaderOptions } from './loader/data-loader-options.js';
export type { ImageBatch } from './loader/image-batch.js';
export {
  type ImagePreparer,
  type ImagePreparerOptions,
  imagePreparer,
  type PreparedImages,
  type PrepareOptions,
} from './loader/image-preparer.js';
export {
  type Sampler,
  sequentialSampler,
  shardSampler,
  shuffledSampler,
  subsetSampler,
  weightedSampler,
} from './loader/sampler.js';
export { type BatchStreamOptions, batchStream, collect, type Samples } from './loader/stream.js';
export type { TransformSource } from './loader/transform-source.js';
export { type ParquetDatasetOptions, parquetDataset } from './parquet/parquet-dataset.js';
export type { Shard, ShardedDataset } from './shards/shard.js';
export type { ShardOptions, ShardSplit } from './shards/shard-options.js';
export { shardFormat } from './web-dataset/shard-format.js';
export { type WebDatasetOptions, webDataset } from './web-dataset/web-dataset.js';
export {
  type WriteWebDatasetOptions,
  type WrittenShards,
  writeWebDataset,
} from './web-dataset/write-web-dataset.js';
