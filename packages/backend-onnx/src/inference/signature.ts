/** What a frozen model takes and gives, and the checks of what is given to it. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../graph/shape.js';

/** What a frozen model takes and gives, by name and shape. */
export interface Signature {
  /** The model's name, for errors. */
  readonly model: string;
  /** Names in the graph. */
  readonly input: string;
  readonly output: string;
  /** Shapes of one image and of its result, without the batch. */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Images at once, null for any number. */
  readonly batchSize: number | null;
}

const shapeOf = ({ inputShape, batchSize }: Signature) => `[${[batchSize ?? 'batch', ...inputShape].join(', ')}]`;

/** @throws TypeError or RangeError where a tensor is not what the model was frozen for */
export function checkTensor(images: Tensor, signature: Signature): void {
  const given: unknown = images;
  if (typeof given !== 'object' || given === null || !('dataId' in given))
    throw new TypeError(
      `predict: images is ${describe(given)}, expected a tensor of shape ${shapeOf(signature)}; use run for a Float32Array`,
    );
  if (images.dtype !== 'float32')
    throw new TypeError(
      `predict: images has dtype ${images.dtype}, expected float32: tf.cast(images, 'float32') makes it so`,
    );
  const [batch = 0, ...shape] = images.shape;
  const fits = images.rank === signature.inputShape.length + 1 && shape.join() === signature.inputShape.join();
  if (!fits || batch < 1 || (signature.batchSize !== null && batch !== signature.batchSize))
    throw new RangeError(`predict: images has shape [${images.shape.join(', ')}], expected ${shapeOf(signature)}`);
}

/**
 * @returns how many images the array holds
 * @throws TypeError or RangeError where it is not what the model was frozen for
 */
export function checkArray(images: Float32Array, signature: Signature): number {
  const given: unknown = images;
  if (!(given instanceof Float32Array))
    throw new TypeError(`run: images is ${describe(given)}, expected a Float32Array of ${shapeOf(signature)} values`);
  const batch = images.length / sizeOf(signature.inputShape);
  if (batch < 1 || !Number.isInteger(batch) || (signature.batchSize !== null && batch !== signature.batchSize))
    throw new RangeError(
      `run: images has ${images.length} values, expected ${signature.batchSize ?? 'a multiple of 1'} x ${sizeOf(signature.inputShape)}: ${shapeOf(signature)}, channels last`,
    );
  return batch;
}

function describe(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? typeof value;
  return `a ${value.constructor?.name ?? 'plain object'}`;
}
