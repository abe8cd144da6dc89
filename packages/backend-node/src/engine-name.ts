/** The engines in the order in which they are tried. */
const candidates = ['tfjs-node-gpu', 'onnx-cuda', 'onnx-webgpu', 'onnx-cpu', 'tfjs-node', 'wasm', 'cpu'] as const;

/** Engines that are used only where they are asked for. */
const onRequest = ['onnx-coreml', 'onnx-dml'] as const;

/** A way to compute: a TensorFlow.js backend and the device that it runs on. */
export type EngineName = (typeof candidates)[number] | (typeof onRequest)[number];

/** `onnx` is the engine on onnxruntime, on the best device that works. */
export type EnginePreference = EngineName | 'onnx';

const onOnnxruntime = ['onnx-cuda', 'onnx-webgpu', 'onnx-cpu'] as const;
const preferences: readonly EnginePreference[] = [...candidates, ...onRequest, 'onnx'];

/**
 * A preference as a user wrote it.
 * @param source what to call it in an error
 * @throws RangeError where there is no such engine
 */
export function enginePreference(name: string, source: string): EnginePreference {
  const found = preferences.find((preference) => preference === name);
  if (found === undefined)
    throw new RangeError(`${source} is ${JSON.stringify(name)}, expected one of ${preferences.join(', ')}`);
  return found;
}

export interface Trial {
  readonly engine: EngineName;
  /** Asked for by its own name: it may then run on a software driver, or without the GPU that it is for. */
  readonly requested: boolean;
}

/** What is tried, in order: the preference, then all others. */
export function trialOrder(preference: EnginePreference | null): Trial[] {
  const first: readonly EngineName[] = preference === null ? [] : preference === 'onnx' ? onOnnxruntime : [preference];
  return [...new Set([...first, ...candidates])].map((engine) => ({ engine, requested: engine === preference }));
}
