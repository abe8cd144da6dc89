/** A convolution and both gradients by the definition, in float64: tfjs's cpu kernels take seconds for what this does in milliseconds. */
import * as tf from '@tensorflow/tfjs-core';

interface Gradients {
  readonly y: Float64Array;
  readonly dx: Float64Array;
  readonly dFilter: Float64Array;
}

/**
 * @param x values of [batch, height, width, inputs]
 * @param filter values of [height, width, inputs, outputs]
 * @param dy values of the output's shape
 */
export function referenceConvolution(
  info: tf.backend_util.Conv2DInfo,
  x: Float32Array,
  filter: Float32Array,
  dy: Float32Array,
): Gradients {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padInfo } = info;
  const y = new Float64Array(tf.util.sizeFromShape(info.outShape));
  const dx = new Float64Array(x.length);
  const dFilter = new Float64Array(filter.length);
  for (let picture = 0; picture < batchSize; picture++)
    for (let i = 0; i < outHeight; i++)
      for (let j = 0; j < outWidth; j++) {
        const output = ((picture * outHeight + i) * outWidth + j) * outChannels;
        for (let k = 0; k < info.filterHeight; k++)
          for (let l = 0; l < info.filterWidth; l++) {
            const row = i * info.strideHeight + k * info.dilationHeight - padInfo.top;
            const column = j * info.strideWidth + l * info.dilationWidth - padInfo.left;
            if (row < 0 || row >= inHeight || column < 0 || column >= inWidth) continue;
            const input = ((picture * inHeight + row) * inWidth + column) * inChannels;
            for (let c = 0; c < inChannels; c++) {
              const weights = ((k * info.filterWidth + l) * inChannels + c) * outChannels;
              const pixel = x[input + c] ?? 0;
              let sum = 0;
              for (let o = 0; o < outChannels; o++) {
                const weight = filter[weights + o] ?? 0;
                const gradient = dy[output + o] ?? 0;
                y[output + o] = (y[output + o] ?? 0) + pixel * weight;
                dFilter[weights + o] = (dFilter[weights + o] ?? 0) + pixel * gradient;
                sum += weight * gradient;
              }
              dx[input + c] = (dx[input + c] ?? 0) + sum;
            }
          }
      }
  return { y, dx, dFilter };
}
