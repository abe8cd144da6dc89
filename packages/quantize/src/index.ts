export type { CalibrationMethod } from './calibrate/calibrate.js';
export type { CalibrationImages, ImageBatch } from './calibrate/image-batches.js';
export type { QuantizableModel } from './graph/open-source.js';
export type { WeightBits } from './qdq/write-qdq.js';
export {
  type QuantizationFacts,
  type QuantizedModel,
  type QuantizeOptions,
  quantize,
} from './quantize.js';
