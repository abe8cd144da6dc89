/** Whether a device works: one addition whose result is known. */
import { encodeModel, onnxType } from '../graph/onnx-model.js';
import type { Runtime } from './runtime.js';

/** @throws Error where the device cannot be used or gives wrong numbers */
export function tryDevice(runtime: Runtime): void {
  const vector = (name: string) => ({
    name,
    type: { tensorType: { elemType: onnxType.float32, shape: { dim: [{ dimValue: 3 }] } } },
  });
  const node = { opType: 'Add', input: ['x', 'x'], output: ['y'], name: 'Try', domain: '', attribute: [] };
  const graph = { name: 'try', node: [node], initializer: [], input: [vector('x')], output: [vector('y')] };
  const session = runtime.createSession(encodeModel(graph, []), { threads: 1 });
  const result = new Float32Array(3);
  const tensor = (data: Float32Array) => ({ type: 'float32' as const, dims: [3], data });
  try {
    session.run(new Map([['x', tensor(Float32Array.of(1, 2, 3))]]), new Map([['y', tensor(result)]]));
  } finally {
    session.dispose();
  }
  if (result.join() !== '2,4,6') throw new Error(`1, 2, 3 added to itself gave ${result.join(', ')}`);
}
