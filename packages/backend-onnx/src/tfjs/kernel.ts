/** What a kernel is: how one operation of tfjs is recorded. */
import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { OnnxBackend } from './backend.js';

export const backendName = 'onnx';

export type KernelInputs = NamedTensorInfoMap | TensorInfo[];

/**
 * A kernel: records operations and returns their results, or returns null to decline, for a type or an option that it does not
 * have; tfjs's cpu kernel then does the work.
 */
export type Kernel = (
  backend: OnnxBackend,
  inputs: NamedTensorInfoMap,
  attributes: NamedAttrMap,
) => TensorInfo | TensorInfo[] | null;

export type KernelTable = { readonly [kernelName: string]: Kernel };

/** An input that a kernel cannot do without. */
export function required(inputs: NamedTensorInfoMap, name: string): TensorInfo {
  const input = inputs[name];
  if (input == null) throw new TypeError(`backend onnx: input '${name}' is missing`);
  return input;
}
