export { compose } from './compose.js';
export type { Image } from './image.js';
export { denormalize, normalize } from './normalize.js';
export type { Fill, Padding, PadMode, PadOptions } from './pad.js';
export { pad } from './pad.js';
export { type RandomGenerator, randomGenerator } from './random-generator.js';
export { toBytes, toTensor } from './to-tensor.js';
export type {
  Draw,
  DrawListener,
  RandomTransform,
  Transform,
  TransformDescription,
} from './transform.js';
