/** A published ONNX file in onnxruntime, of this thread: nothing of the file is changed. Knows nothing of tfjs, so that a worker does not have to load it. */
import { sizeOf } from '../graph/shape.js';
import { type OnnxFileRuntime, openOnnxRuntime } from '../runtime/onnxruntime-node.js';
import type { SessionOptions } from '../runtime/runtime.js';
import type { FrozenSession } from './frozen-session.js';
import type { OnnxFileSignature } from './onnx-file-signature.js';

/** A file, and what it takes. */
export interface OnnxFile {
  readonly path: string;
  readonly signature: OnnxFileSignature;
}

export function onnxFileSession({ path, signature }: OnnxFile, options: SessionOptions): FrozenSession {
  const session = openOnnxRuntime(path, options);
  const size = sizeOf(signature.inputShape);
  return {
    run(images) {
      const count = images.length / size;
      const batch = signature.batchSize ?? count;
      const results = new Float32Array(count * sizeOf(signature.outputShape));
      for (let first = 0; first < count; first += batch) {
        const part = images.subarray(first * size, (first + batch) * size);
        const outputs = runBatch(session, part, batch, signature);
        // The last batch of a file that wants as many images each time is filled up with nothing.
        const room = results.length - first * sizeOf(signature.outputShape);
        results.set(outputs.length > room ? outputs.subarray(0, room) : outputs, first * sizeOf(signature.outputShape));
      }
      return results;
    },
    dispose: () => session.dispose(),
  };
}

function runBatch(
  session: OnnxFileRuntime,
  images: Float32Array,
  batch: number,
  { model, input, output, inputShape, outputShape, layout, type }: OnnxFileSignature,
): Float32Array {
  const [height = 1, width = 1, channels = 1] = inputShape;
  const data = new (type === 'uint8' ? Uint8Array : Float32Array)(batch * sizeOf(inputShape));
  const pixels = height * width;
  const rounded = type === 'uint8' ? Math.round : (value: number) => value;
  if (layout === 'NHWC' && type === 'float32') data.set(images);
  else
    for (let i = 0; i < images.length; i++) {
      const channel = i % channels;
      const place = Math.floor(i / channels);
      const image = Math.floor(place / pixels);
      const at = layout === 'NHWC' ? i : (image * channels + channel) * pixels + (place % pixels);
      data[at] = rounded(images[i] ?? 0);
    }
  const dims = layout === 'NHWC' ? [batch, height, width, channels] : [batch, channels, height, width];
  const result = session.run({ name: input, type, dims, data }, output);
  if (!(result instanceof Float32Array) || result.length !== batch * sizeOf(outputShape))
    throw new RangeError(
      `${model}: its output ${output} gives ${result.length} numbers, expected ${batch * sizeOf(outputShape)} of float32`,
    );
  return result;
}
