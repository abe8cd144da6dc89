/** How fast an engine convolves. */
import * as tf from '@tensorflow/tfjs-core';
import type { Purpose } from './probe.js';

/** Billions of multiplications and additions a second, of a 3x3 convolution with as many channels out as in. */
export interface Speed {
  readonly forward: number;
  /** Forward and both gradients; null for an engine that cannot train. */
  readonly training: number | null;
}

interface Size {
  readonly batch: number;
  readonly side: number;
  readonly channels: number;
}

/** A warm-up and a size for engines that take long for it, then the size of a ResNet's first stage. */
const sizes: readonly Size[] = [
  { batch: 1, side: 28, channels: 32 },
  { batch: 8, side: 56, channels: 64 },
];
/** An engine that needs longer than this for the small size would need too long for the large one. */
const slowMilliseconds = 20;

function convolution({ batch, side, channels }: Size, purpose: Purpose): () => number {
  const shape: [number, number, number, number] = [batch, side, side, channels];
  const filterShape: [number, number, number, number] = [3, 3, channels, channels];
  const x = tf.fill(shape, 0.5);
  const filter = tf.fill(filterShape, 0.01);
  const window = { strides: 1, pad: 'same', dataFormat: 'NHWC' };
  // Each result is read in part: some engines compute nothing that nobody reads.
  const last = (y: tf.Tensor) => tf.slice(tf.reshape(y, [-1]), [0], [1]).dataSync();
  return () => {
    const start = performance.now();
    tf.tidy(() => {
      const y = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same');
      if (purpose === 'inference') {
        last(y);
        return;
      }
      const inputs = { x, dy: y, filter };
      const dx = tf.engine().runKernel('Conv2DBackpropInput', inputs, { ...window, inputShape: shape });
      const dw = tf.engine().runKernel('Conv2DBackpropFilter', inputs, { ...window, filterShape });
      last(tf.add(tf.sum(dx as tf.Tensor), tf.sum(dw as tf.Tensor)));
    });
    return performance.now() - start;
  };
}

/** The shortest of a few runs, and of fewer where one takes long. */
function fastest(step: () => number): number {
  const times = [step()];
  for (let sum = times[0] ?? 0; times.length < 6 && sum < 300; ) {
    const time = step();
    times.push(time);
    sum += time;
  }
  return Math.min(...times);
}

/** Measures the backend that is set. Takes up to a second or two. */
function gigaflops(purpose: Purpose): number {
  let result = 0;
  for (const size of sizes) {
    const step = convolution(size, purpose);
    const milliseconds = fastest(step);
    const operations = 2 * size.batch * size.side ** 2 * size.channels ** 2 * 9 * (purpose === 'training' ? 3 : 1);
    result = operations / milliseconds / 1e6;
    if (milliseconds > slowMilliseconds) break;
  }
  return result;
}

/**
 * Measures the backend that is set, with tensors of its own that it leaves to the process's end.
 * @param canTrain false leaves training out
 */
export function measureSpeed(canTrain: boolean): Speed {
  return { forward: gigaflops('inference'), training: canTrain ? gigaflops('training') : null };
}
