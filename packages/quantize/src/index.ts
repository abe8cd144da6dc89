export type { CalibrationMethod } from './calibrate/calibrate.js';
export type { CalibrationImages, ImageBatch } from './calibrate/image-batches.js';
export { type FakeQuantization, type FakeQuantizeOptions, fakeQuantize } from './fine-tuning/fake-quantize.js';
export type { QuantizableModel } from './graph/open-source.js';
export type { QuantizationOptions } from './options.js';
export type { WeightBits } from './qdq/write-qdq.js';
export {
  type QuantizationFacts,
  type QuantizedModel,
  type QuantizeOptions,
  quantize,
} from './quantize.js';
export { drawSensitivity } from './sensitivity/draw-sensitivity.js';
export { formatSensitivity } from './sensitivity/format-sensitivity.js';
export type { LabelledBatch, LabelledImages } from './sensitivity/labelled-images.js';
export {
  type LayerSensitivity,
  type SensitivityImages,
  type SensitivityOptions,
  type SensitivityReport,
  sensitivity,
} from './sensitivity/sensitivity.js';
