/** The kernels of convolutions and their gradients. */
import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Operation } from '../../graph/operation.js';
import type { OnnxBackend } from '../../tfjs/backend.js';
import { type Kernel, type KernelTable, required } from '../../tfjs/kernel.js';
import { activationOf } from '../activation.js';
import { convolutionGeometry, type Window } from '../window.js';
import { depthwiseConvolution, depthwiseFilterGradient, depthwiseInputGradient } from './depthwise.js';
import { filterGradient } from './filter-gradient.js';
import { type ConvolutionAttributes, convolution } from './forward.js';
import { inputGradient } from './input-gradient.js';

function record(
  backend: OnnxBackend,
  operation: Operation<ConvolutionAttributes>,
  inputs: NamedTensorInfoMap,
  attributes: NamedAttrMap,
  depthwise: boolean,
): TensorInfo | null {
  const [x, filter] = [required(inputs, 'x'), required(inputs, 'filter')];
  if (x.dtype !== 'float32' || filter.dtype !== 'float32' || x.shape.length !== 4) return null;
  const geometry = convolutionGeometry(x.shape, filter.shape, attributes, depthwise);
  if (geometry === null) return null;
  const { kernel, strides, dilations, pads } = geometry.window;
  const { bias, preluActivationWeights: weights } = inputs as Record<string, TensorInfo | undefined>;
  const operands = [x, filter];
  if (bias) operands.push(bias);
  if (weights) operands.push(weights);
  return backend.record(
    operation,
    operands,
    geometry.outputShape,
    'float32',
    // Not `...geometry.window`: V8 would make a hidden class for each of these objects, garbage that only a major collection finds.
    {
      kernel,
      strides,
      dilations,
      pads,
      bias: bias != null,
      activation: activationOf(attributes),
      alpha: (attributes['leakyreluAlpha'] as number | undefined) ?? 0,
    },
  );
}

const plain: Kernel = (backend, inputs, attributes) => record(backend, convolution, inputs, attributes, false);
const depthwise: Kernel = (backend, inputs, attributes) => {
  const dilations = attributes['dilations'] as number | [number, number] | undefined;
  const strides = attributes['strides'] as number | [number, number];
  tf.util.assert(
    tf.backend_util.eitherStridesOrDilationsAreOne(strides, dilations ?? 1),
    () =>
      `Error in depthwiseConv2d: Either strides or dilations must be 1. Got strides ${strides} and dilations '${dilations}'`,
  );
  return record(backend, depthwiseConvolution, inputs, attributes, true);
};

function gradientKernel(operation: Operation<Window>, of: 'input' | 'filter', depthwise: boolean): KernelTable[string] {
  return (backend, inputs, attributes) => {
    const dy = required(inputs, 'dy');
    const other = required(inputs, of === 'input' ? 'filter' : 'x');
    const shape = attributes[of === 'input' ? 'inputShape' : 'filterShape'] as number[];
    if (dy.dtype !== 'float32' || other.dtype !== 'float32' || dy.shape.length !== 4) return null;
    const geometry =
      of === 'input'
        ? convolutionGeometry(shape, other.shape, attributes, depthwise, dy.shape)
        : convolutionGeometry(other.shape, shape, attributes, depthwise, dy.shape);
    if (geometry === null || dy.shape.includes(0) || dy.shape.join() !== geometry.outputShape.join()) return null;
    return backend.record(operation, of === 'input' ? [dy, other] : [other, dy], shape, 'float32', geometry.window);
  };
}

export const convolutionKernels: KernelTable = {
  Conv2D: plain,
  FusedConv2D: plain,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2D: depthwise,
  Conv2DBackpropInput: gradientKernel(inputGradient, 'input', false),
  Conv2DBackpropFilter: gradientKernel(filterGradient, 'filter', false),
  DepthwiseConv2dNativeBackpropInput: gradientKernel(depthwiseInputGradient, 'input', true),
  DepthwiseConv2dNativeBackpropFilter: gradientKernel(depthwiseFilterGradient, 'filter', true),
};
