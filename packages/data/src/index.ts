export { type ArrayDataset, type ArrayDatasetOptions, arrayDataset } from './array-dataset.js';
export { type CifarOptions, cifar10, cifar100 } from './cifar.js';
export { type ContactSheetOptions, contactSheet } from './contact-sheet.js';
export { DataError } from './data-error.js';
export { type Batch, DataLoader, type DataLoaderOptions, type SkippedFile } from './data-loader.js';
export type {
  ArchivePart,
  Dataset,
  Decoding,
  FailedReference,
  FileReference,
  PixelReference,
  ReferenceDataset,
  Sample,
  SampleReference,
} from './dataset.js';
export { decodeImage, readImage } from './decode-image.js';
export { type IdxArray, parseIdx, readIdx } from './idx.js';
export { type ImageFolder, type ImageFolderOptions, imageFolder } from './image-folder.js';
export { fashionMnist, type MnistOptions, mnist } from './mnist.js';
export {
  type Sampler,
  sequentialSampler,
  shardSampler,
  shuffledSampler,
  subsetSampler,
  weightedSampler,
} from './sampler.js';
export { type DatasetStats, type StatsOptions, stats } from './stats.js';
export { type BatchStreamOptions, batchStream, collect, type Samples } from './stream.js';
export { type SplitOptions, split, subset } from './subset.js';
export type { TransformSource } from './transform-source.js';
