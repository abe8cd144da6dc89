/** The layers of a ResNet from tfjs-layers, and from @cnnzoo/blocks, under the same signatures. */
import { batchNorm, connect, conv2d, maxPooling2d } from '@cnnzoo/blocks';
import { layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';

export interface ConvolutionLayers {
  /** Without bias, padded by half the kernel on each side. */
  convolution(x: SymbolicTensor, name: string, filters: number, kernelSize: number, stride: number): SymbolicTensor;
  norm(x: SymbolicTensor, name: string): SymbolicTensor;
  /** 3x3, stride 2, padded by 1 on each side, after a ReLU. */
  maxPooling(x: SymbolicTensor): SymbolicTensor;
}

const apply = (layer: layers.Layer, x: SymbolicTensor) => layer.apply(x) as SymbolicTensor;

/** tfjs-layers' 'same' is not symmetric at stride 2: there, a layer of zeros comes first. */
export const tfjsLayers: ConvolutionLayers = {
  convolution(x, name, filters, kernelSize, stride) {
    const padding = (kernelSize - 1) / 2;
    const padded = stride > 1 && padding > 0 ? apply(layers.zeroPadding2d({ padding }), x) : x;
    const convolution = layers.conv2d({
      name,
      filters,
      kernelSize,
      strides: stride,
      padding: stride > 1 ? 'valid' : 'same',
      useBias: false,
      kernelInitializer: 'zeros',
    });
    return apply(convolution, padded);
  },
  norm: (x, name) => apply(layers.batchNormalization({ name, epsilon: 1e-5, momentum: 0.9 }), x),
  // After a ReLU zeros are as good as -Infinity.
  maxPooling: (x) =>
    apply(layers.maxPooling2d({ poolSize: 3, strides: 2 }), apply(layers.zeroPadding2d({ padding: 1 }), x)),
};

export const cnnzooLayers: ConvolutionLayers = {
  convolution: (x, name, filters, kernelSize, stride) =>
    connect(x, conv2d({ name, filters, kernelSize, stride, padding: (kernelSize - 1) / 2, useBias: false })),
  norm: (x, name) => connect(x, batchNorm({ name })),
  maxPooling: (x) => connect(x, maxPooling2d({ poolSize: 3, stride: 2, padding: 1 })),
};
