import { add, batchNorm, connect, conv2d, maxPooling2d, relu } from '@cnnzoo/blocks';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';

interface KerasPreActivationBlockOptions {
  /** The layers are `name.norm1`, `name.relu`, `name.conv1` and so on, as of the other pre-activation networks. */
  readonly name: string;
  /** Channels of the first two convolutions; the last one has 4 times as many. */
  readonly width: number;
  readonly stride: 1 | 2;
}

/**
 * The pre-activation bottleneck block of keras.applications (`residual_block_v2`). It differs from He et al. (2016) in that the
 * block that halves the grid is not the one that widens it, so that its shortcut only skips every other position, and in the biases
 * of the convolutions that no batch norm follows.
 *
 * Input [batch, height, width, channels]; output [batch, ceil(height / stride), ceil(width / stride), 4 width].
 */
export function kerasPreActivationBlock(
  x: SymbolicTensor,
  { name, width, stride }: KerasPreActivationBlockOptions,
): SymbolicTensor {
  const filters = 4 * width;
  const activated = connect(x, batchNorm({ name: `${name}.norm1` }), relu({ name: `${name}.relu` }));
  const residual = connect(
    activated,
    conv2d({ name: `${name}.conv1`, filters: width, kernelSize: 1, useBias: false }),
    batchNorm({ name: `${name}.norm2` }),
    relu({ name: `${name}.relu_1` }),
    conv2d({ name: `${name}.conv2`, filters: width, kernelSize: 3, stride, padding: 1, useBias: false }),
    batchNorm({ name: `${name}.norm3` }),
    relu({ name: `${name}.relu_2` }),
    conv2d({ name: `${name}.conv3`, filters, kernelSize: 1 }),
  );
  return add([shortcut(), residual], { name: `${name}.add` });

  function shortcut(): SymbolicTensor {
    if (x.shape[3] !== filters)
      return connect(activated, conv2d({ name: `${name}.downsample.conv`, filters, kernelSize: 1, stride }));
    return stride === 1 ? x : connect(x, maxPooling2d({ name: `${name}.downsample.pool`, poolSize: 1, stride }));
  }
}
