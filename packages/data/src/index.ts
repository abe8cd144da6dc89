export { type ArrayDataset, type ArrayDatasetOptions, arrayDataset } from './array-dataset.js';
export { DataError } from './data-error.js';
export { type Batch, DataLoader, type DataLoaderOptions } from './data-loader.js';
export type { Dataset, Sample } from './dataset.js';
export { type IdxArray, parseIdx, readIdx } from './idx.js';
export { fashionMnist, type MnistOptions, mnist } from './mnist.js';
