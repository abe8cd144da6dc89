/** Dilated convolutions that train on every backend: tfjs's gradient refuses dilation > 1. */
import { tf } from '../tfjs.js';

type Pair = [height: number, width: number];

/**
 * A convolution with dilation and without padding.
 * @param x [batch, height, width, inputChannels]
 * @param kernel [kernelHeight, kernelWidth, inputChannels, outputChannels]
 */
export function dilatedConvolution(x: tf.Tensor4D, kernel: tf.Tensor4D, stride: Pair, dilation: Pair): tf.Tensor4D {
  // tfjs runs no convolution that has both: spread the kernel, with zeros between its taps.
  if (Math.max(...stride) > 1) return tf.conv2d(x, spreadKernel(kernel, dilation), stride, 'valid');
  return atStrideOne(dilation)(x, kernel);
}

function atStrideOne(dilation: Pair): (x: tf.Tensor4D, kernel: tf.Tensor4D) => tf.Tensor4D {
  const convolve = tf.customGrad((...args) => {
    const [x, kernel, save] = args as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
    save([x, kernel]);
    return {
      value: tf.conv2d(x, kernel, 1, 'valid', 'NHWC', dilation),
      gradFunc: (dy, saved) => {
        const [x, kernel] = saved as [tf.Tensor4D, tf.Tensor4D];
        return [inputGradient(dy as tf.Tensor4D, kernel, dilation), kernelGradient(dy as tf.Tensor4D, x, dilation)];
      },
    };
  });
  return (x, kernel) => convolve(x, kernel) as tf.Tensor4D;
}

/** dx: the output's gradient, padded, convolved with the flipped kernel at the same dilation. */
function inputGradient(dy: tf.Tensor4D, kernel: tf.Tensor4D, dilation: Pair): tf.Tensor4D {
  const [kernelHeight, kernelWidth] = kernel.shape;
  const vertical = (kernelHeight - 1) * dilation[0];
  const horizontal = (kernelWidth - 1) * dilation[1];
  const padded = tf.pad(dy, [
    [0, 0],
    [vertical, vertical],
    [horizontal, horizontal],
    [0, 0],
  ]);
  const turned = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2]);
  return tf.conv2d(padded, turned, 1, 'valid', 'NHWC', dilation);
}

/**
 * dw[i, j] = sum over batch, y, x of input[y + i d, x + j d] dy[y, x]: a convolution of the input with the output's gradient as
 * kernel and stride d, with batch and channels exchanged.
 */
function kernelGradient(dy: tf.Tensor4D, x: tf.Tensor4D, dilation: Pair): tf.Tensor4D {
  const channelsFirst: tf.Tensor4D = tf.transpose(x, [3, 1, 2, 0]);
  const asKernel: tf.Tensor4D = tf.transpose(dy, [1, 2, 0, 3]);
  return tf.transpose(tf.conv2d(channelsFirst, asKernel, dilation, 'valid'), [1, 2, 0, 3]);
}

/** The kernel with `dilation - 1` zeros between its taps. */
function spreadKernel(kernel: tf.Tensor4D, [vertical, horizontal]: Pair): tf.Tensor4D {
  const [height, width, inputs, outputs] = kernel.shape;
  const spread = tf.pad(tf.reshape(kernel, [height, 1, width, 1, inputs * outputs]), [
    [0, 0],
    [0, vertical - 1],
    [0, 0],
    [0, horizontal - 1],
    [0, 0],
  ]);
  const whole = tf.reshape(spread, [height * vertical, width * horizontal, inputs, outputs]);
  return tf.slice(
    whole,
    [0, 0, 0, 0],
    [(height - 1) * vertical + 1, (width - 1) * horizontal + 1, inputs, outputs],
  ) as tf.Tensor4D;
}
