/** Registers the kernels with tfjs. */

import type { DataType, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type OnnxBackend, SymbolicReadError } from './backend.js';
import { runOnCpu } from './cpu-fallback.js';
import { backendName, type KernelInputs, type KernelTable } from './kernel.js';

function tensorsOf(inputs: KernelInputs): TensorInfo[] {
  // tfjs passes a list (Concat, AddN, Pack) as an object with the keys 0, 1, …
  return Object.values(inputs)
    .flat()
    .filter((input): input is TensorInfo => input != null);
}

const native = (dtype: DataType) => dtype === 'float32' || dtype === 'int32' || dtype === 'bool';

/** Whether the backend has the types of all tensors. */
function areNative(inputs: KernelInputs): boolean {
  for (const key in inputs) {
    const input: TensorInfo | TensorInfo[] | null | undefined = (inputs as NamedTensorInfoMap)[key];
    if (input == null) continue;
    if (Array.isArray(input) ? !input.every((each) => each == null || native(each.dtype)) : !native(input.dtype))
      return false;
  }
  return true;
}

/** Registers native kernels for the backend `onnx`, and a fallback for each kernel of the cpu backend that has none. */
export function registerKernels(tables: readonly KernelTable[]): void {
  const kernels = new Map(tables.flatMap((table) => Object.entries(table)));
  const cpuKernels = new Map(tf.getKernelsForBackend('cpu').map((kernel) => [kernel.kernelName, kernel]));
  for (const kernelName of new Set([...kernels.keys(), ...cpuKernels.keys()])) {
    if (tf.getKernel(kernelName, backendName)) continue;
    const kernel = kernels.get(kernelName);
    const cpuKernel = cpuKernels.get(kernelName);
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, backend, attrs }) => {
        const onnx = backend as OnnxBackend;
        const result = kernel && areNative(inputs) ? kernel(onnx, inputs as NamedTensorInfoMap, attrs ?? {}) : null;
        if (result !== null) return result;
        if (tensorsOf(inputs).some((input) => onnx.isSymbolic(input)))
          throw new SymbolicReadError(`op '${kernelName}' has no ONNX form for these inputs`);
        if (!cpuKernel)
          throw new Error(`backend onnx has no kernel '${kernelName}' for these inputs, nor has tfjs's cpu backend`);
        onnx.engine.stats.fallbacks[kernelName] = (onnx.engine.stats.fallbacks[kernelName] ?? 0) + 1;
        return runOnCpu(onnx, cpuKernel, inputs, attrs);
      },
    });
  }
}
