/** Batches of images as a network takes them. */
import type { GraphValue, OnnxFileSignature } from '@cnnzoo/backend-onnx';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../graph/tensors.js';

/** Images one after the other, channels last, prepared as for a prediction; or a tensor [batch, height, width, channels] of them. */
export type ImageBatch = Float32Array | Tensor;

/** Batches of images. Tensors stay the caller's. */
type ImageBatches = Iterable<ImageBatch> | AsyncIterable<ImageBatch>;

/** Batches of images: an array, a generator, or a function that gives them from the start, as often as they are wanted. */
export type CalibrationImages = ImageBatches | (() => ImageBatches);

/** A generator ends once and for all. */
export function canBeRepeated(images: CalibrationImages): boolean {
  return typeof images === 'function' || !('next' in images);
}

/** @throws TypeError or RangeError naming the batch that does not fit */
export async function* imageBatches(
  images: CalibrationImages,
  signature: OnnxFileSignature,
): AsyncGenerator<GraphImages> {
  let index = 0;
  for await (const batch of typeof images === 'function' ? images() : images) {
    yield graphImages(batch, `calibration[${index}]`, signature);
    index++;
  }
}

type GraphImages = GraphValue & { readonly data: Float32Array | Uint8Array };

/**
 * A batch as a graph takes it.
 * @throws TypeError or RangeError naming the batch where it does not fit
 */
export function graphImages(batch: ImageBatch, name: string, signature: OnnxFileSignature): GraphImages {
  const size = sizeOf(signature.inputShape);
  const values = valuesOf(batch, name);
  const count = values.length / size;
  const expected = `${signature.batchSize ?? 'a multiple'} x ${size}: images [${signature.inputShape.join(', ')}]`;
  if (count < 1 || !Number.isInteger(count) || (signature.batchSize ?? count) !== count)
    throw new RangeError(`${name} has ${values.length} values, expected ${expected}`);
  return arranged(values, count, signature);
}

function valuesOf(batch: ImageBatch, name: string): Float32Array {
  if (batch instanceof Float32Array) return batch;
  const given: unknown = batch;
  if (typeof given !== 'object' || given === null || !('dataSync' in given) || batch.dtype !== 'float32')
    throw new TypeError(`${name} must be a Float32Array or a tensor of float32, such as tf.cast(images, 'float32')`);
  return batch.dataSync<'float32'>();
}

/** In the order of axes and the type of the network. */
function arranged(values: Float32Array, count: number, { inputShape, layout, type }: OnnxFileSignature) {
  const [height = 1, width = 1, channels = 1] = inputShape;
  const dims = layout === 'NHWC' ? [count, height, width, channels] : [count, channels, height, width];
  if (type === 'float32' && layout === 'NHWC') return { type, dims, data: values };
  const data = type === 'uint8' ? new Uint8Array(values.length) : new Float32Array(values.length);
  const pixels = height * width;
  for (let i = 0; i < values.length; i++) {
    const [channel, place] = [i % channels, Math.floor(i / channels)];
    const at = (Math.floor(place / pixels) * channels + channel) * pixels + (place % pixels);
    const value = values[i] ?? 0;
    data[layout === 'NHWC' ? i : at] = type === 'uint8' ? Math.round(value) : value;
  }
  return { type, dims, data };
}
