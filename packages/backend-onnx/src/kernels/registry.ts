/** How a kernel of tfjs is registered for this backend, and how one falls back to tfjs's cpu kernel. */

import type { DataType, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type OnnxBackend, SymbolicReadError } from '../engine/backend.js';

export const backendName = 'onnx';

type KernelInputs = NamedTensorInfoMap | TensorInfo[];

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
        return runOnCpu(onnx, cpuKernel.kernelFunc, inputs, attrs);
      },
    });
  }
}

/** The part of tfjs's cpu backend that the fallback uses. */
interface CpuBackend extends tf.KernelBackend {
  makeTensorInfo(shape: readonly number[], dtype: DataType, values?: tf.BackendValues): TensorInfo;
  disposeIntermediateTensorInfo(info: TensorInfo): void;
  data: tf.DataStorage<{ complexTensorInfos?: { real: TensorInfo; imag: TensorInfo } }>;
}

/** Reads the inputs, runs tfjs's cpu kernel on them and takes its results over. */
function runOnCpu(
  onnx: OnnxBackend,
  kernelFunc: tf.KernelFunc,
  inputs: KernelInputs,
  attrs: NamedAttrMap | undefined,
): TensorInfo | TensorInfo[] {
  const cpu = tf.findBackend('cpu') as CpuBackend;
  const made: TensorInfo[] = [];
  const toCpu = (info: TensorInfo): TensorInfo => {
    const parts = onnx.complexParts(info.dataId);
    let copy: TensorInfo;
    if (parts) {
      copy = cpu.makeTensorInfo(info.shape, 'complex64');
      cpu.data.get(copy.dataId).complexTensorInfos = { real: toCpu(parts.real), imag: toCpu(parts.imag) };
      // disposing a complex tensor disposes its parts
      made.splice(-2);
    } else {
      copy = cpu.makeTensorInfo(info.shape, info.dtype, onnx.readSync(info.dataId));
    }
    made.push(copy);
    // Some cpu kernels ask for the rank, which only tensors have.
    return Object.assign(copy, { rank: info.shape.length });
  };
  const fromCpu = (info: TensorInfo): TensorInfo => {
    const parts = cpu.data.get(info.dataId).complexTensorInfos;
    if (parts) return onnx.makeComplex(fromCpu(parts.real), fromCpu(parts.imag));
    const values = cpu.readSync(info.dataId);
    const dataId = onnx.write(values as tf.BackendValues, info.shape, info.dtype);
    return { dataId, shape: info.shape, dtype: info.dtype };
  };
  const convert = (input: unknown): unknown => {
    if (Array.isArray(input)) return input.map(convert);
    return input == null ? input : toCpu(input as TensorInfo);
  };
  const cpuInputs = (
    Array.isArray(inputs)
      ? inputs.map(toCpu)
      : Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, convert(input)]))
  ) as NamedTensorInfoMap;
  const result = kernelFunc({ inputs: cpuInputs, backend: cpu, attrs: attrs ?? {} });
  const results = Array.isArray(result) ? result : [result];
  const copies = results.map(fromCpu);
  for (const info of new Set([...made, ...results])) cpu.disposeIntermediateTensorInfo(info);
  return Array.isArray(result) ? copies : (copies[0] as TensorInfo);
}

/** An input that a kernel cannot do without. */
export function required(inputs: NamedTensorInfoMap, name: string): TensorInfo {
  const input = inputs[name];
  if (input == null) throw new TypeError(`backend onnx: input '${name}' is missing`);
  return input;
}
