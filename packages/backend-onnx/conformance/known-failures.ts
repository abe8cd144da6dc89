/** A spec that cannot pass on backend `onnx` by its nature. */
export interface KnownFailure {
  /** The spec's full name. */
  readonly spec: string;
  readonly reason: string;
}

const noNaN = 'WebGPU: shaders need not keep NaN';
const noDigits = 'WebGPU: sines and tangents have three to four digits';

/** By device. */
export const knownFailures: Readonly<Record<string, readonly KnownFailure[]>> = {
  cpu: [],
  /** As SwiftShader has it. */
  webgpu: [
    { spec: 'debug off onnx {} no errors where there are nans, and debug mode is disabled', reason: noNaN },
    { spec: 'acosh onnx {} propagates NaNs', reason: noNaN },
    { spec: 'acosh onnx {} NaN outside function domain', reason: noNaN },
    { spec: 'pow onnx {} negative base and fract exponent NaN', reason: noNaN },
    { spec: 'asinh onnx {} propagates NaNs', reason: noNaN },
    { spec: 'atanh onnx {} propagates NaNs', reason: noNaN },
    { spec: 'atanh onnx {} NaN outside function domain', reason: noNaN },
    { spec: 'clipByValue onnx {} basic vec4', reason: noNaN },
    { spec: 'clipByValue onnx {} propagates NaNs', reason: noNaN },
    { spec: 'cos onnx {} gradients: Scalar', reason: noDigits },
    { spec: 'cos onnx {} gradient with clones', reason: noDigits },
    { spec: 'log onnx {} log propagates NaNs', reason: noNaN },
    { spec: 'log onnx {} negtive values', reason: noNaN },
    { spec: 'logLoss onnx {} 1D - Check for negative values', reason: noNaN },
    { spec: 'max onnx {} return NaNs', reason: noNaN },
    { spec: 'min onnx {} return NaNs', reason: noNaN },
    { spec: 'relu onnx {} propagates NaNs, float32', reason: noNaN },
    { spec: 'sigmoid onnx {} propagates NaNs', reason: noNaN },
    { spec: 'softmax onnx {} Propagates NaNs', reason: noNaN },
    { spec: 'tan onnx {} gradients: Tensor2D', reason: noDigits },
    { spec: 'topk onnx {} negative infinity input', reason: 'WebGPU: the lowest float stands for -Infinity' },
  ],
};
