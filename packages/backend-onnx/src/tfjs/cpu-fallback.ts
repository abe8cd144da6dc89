/** What this backend has no kernel for is done by tfjs's cpu backend. */
import type { DataType, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { OnnxBackend } from './backend.js';
import type { KernelInputs } from './kernel.js';

/** The part of tfjs's cpu backend that the fallback uses. */
interface CpuBackend extends tf.KernelBackend {
  makeTensorInfo(shape: readonly number[], dtype: DataType, values?: tf.BackendValues): TensorInfo;
  disposeIntermediateTensorInfo(info: TensorInfo): void;
  data: tf.DataStorage<{ complexTensorInfos?: { real: TensorInfo; imag: TensorInfo } }>;
}

/** tfjs's cpu kernels of these give their result another shape where the axis is negative. */
const alongAxis: ReadonlySet<string> = new Set(['Cumsum', 'Cumprod']);

function attributesFor(
  { kernelName }: tf.KernelConfig,
  inputs: KernelInputs,
  attrs: NamedAttrMap | undefined,
): NamedAttrMap {
  const x = Array.isArray(inputs) ? undefined : inputs['x'];
  const axis = attrs?.['axis'];
  if (!alongAxis.has(kernelName) || x === undefined || typeof axis !== 'number' || axis >= 0) return attrs ?? {};
  return { ...attrs, axis: axis + x.shape.length };
}

/** Reads the inputs, runs tfjs's cpu kernel on them and takes its results over. */
export function runOnCpu(
  onnx: OnnxBackend,
  kernel: tf.KernelConfig,
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
      copy = cpu.makeTensorInfo(info.shape, info.dtype, onnx.valuesOf(info.dataId));
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
  const result = kernel.kernelFunc({ inputs: cpuInputs, backend: cpu, attrs: attributesFor(kernel, inputs, attrs) });
  const results = Array.isArray(result) ? result : [result];
  const copies = results.map(fromCpu);
  for (const info of new Set([...made, ...results])) cpu.disposeIntermediateTensorInfo(info);
  return Array.isArray(result) ? copies : (copies[0] as TensorInfo);
}

const mended = new WeakSet<CpuBackend>();

/** tfjs's cpu backend wants complex numbers in two parts, but does not take those of another backend apart. */
export function mendComplexMoves(): void {
  const cpu = tf.findBackend('cpu') as CpuBackend;
  if (mended.has(cpu)) return;
  mended.add(cpu);
  const move = cpu.move.bind(cpu);
  cpu.move = (dataId, values, shape, dtype, refCount) => {
    move(dataId, values, shape, dtype, refCount);
    if (dtype !== 'complex64') return;
    const { real, imag } = tf.backend_util.splitRealAndImagArrays(values as Float32Array);
    const part = (numbers: Float32Array) => cpu.makeTensorInfo(shape, 'float32', numbers);
    cpu.data.get(dataId).complexTensorInfos = { real: part(real), imag: part(imag) };
  };
}
