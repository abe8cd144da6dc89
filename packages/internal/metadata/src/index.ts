export { type MetadataHolder, type ModelMetadata, readMetadata, writeMetadata } from './model-metadata.js';
export { checkPreprocessing, type Preprocessing, preprocessingRule } from './preprocessing.js';
export { type PreprocessingName, preprocessingFor, preprocessings } from './preprocessings.js';
