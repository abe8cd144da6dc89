/** Compiled graphs as the engine runs them: leaves' values in, roots' values out, in host memory or in the device's. */
import { at } from '../graph/at.js';
import { physicalShape } from '../graph/layout.js';
import { type LazyNode, leafValue, type Value } from '../graph/node.js';
import { sizeOf } from '../graph/shape.js';
import type { ReplicaThread } from '../replicas/replica-thread.js';
import type { Runtime, RuntimeInput, RuntimeTensor, SessionOptions } from '../runtime/runtime.js';
import type { BufferPool } from './buffer-pool.js';
import { type CompiledGraph, onnxTypeOf } from './compile.js';
import type { DeviceMemory } from './device-memory.js';
import type { Trace } from './trace.js';

export interface GraphSession {
  /** @returns a value for each root, in their order */
  run(trace: Trace): readonly Value[];
  /** Begins the same in another thread; null where graphs run in this one only. Rejects where that fails. */
  readonly start: ((trace: Trace, thread: ReplicaThread) => Promise<readonly Value[]>) | null;
  dispose(): void;
}

/** The graph's inputs: the leaves that it reads. */
function inputsOf(
  { leaves }: Trace,
  names: CompiledGraph['inputs'],
  dataOf: (leaf: LazyNode, value: Value) => RuntimeInput['data'] | null,
): Map<string, RuntimeInput> {
  const inputs = new Map<string, RuntimeInput>();
  leaves.forEach((leaf, i) => {
    const name = at(names, i);
    if (name === null) return;
    const value = leafValue(leaf);
    const data = dataOf(leaf, value);
    if (data !== null)
      inputs.set(name, { type: onnxTypeOf(leaf), dims: physicalShape(leaf.shape, value.layout), data });
  });
  return inputs;
}

/** A graph whose results come to buffers of the pool. */
export function hostGraph(
  runtime: Runtime,
  pool: BufferPool,
  { model, inputs: names, outputs: results }: CompiledGraph,
  options: SessionOptions,
): GraphSession {
  const session = runtime.createSession(model, options);
  return {
    run(trace) {
      const inputs = inputsOf(trace, names, (_, { data }) => (Array.isArray(data) ? null : data));
      const outputs = new Map<string, RuntimeTensor>();
      const values = trace.roots.map((root, i): Value => {
        const { name, layout } = at(results, i);
        const type = onnxTypeOf(root);
        const data = pool.take(type, sizeOf(root.shape));
        outputs.set(name, { type, dims: physicalShape(root.shape, layout), data });
        return { data, layout, pooled: true, users: 0 };
      });
      session.run(inputs, outputs);
      return values;
    },
    start: null,
    dispose: () => session.dispose(),
  };
}

/** A graph whose results stay on the device. */
export function deviceGraph(
  memory: DeviceMemory,
  { model, inputs: names, outputs: results }: CompiledGraph,
  options: SessionOptions,
): GraphSession {
  const session = memory.createSession(model, options);
  const wanted = results.map(({ name }) => name);
  return {
    run(trace) {
      const inputs = inputsOf(trace, names, (leaf, value) =>
        memory.inputOf(value, onnxTypeOf(leaf), sizeOf(leaf.shape)),
      );
      const tensors = session.run(inputs, wanted);
      return trace.roots.map((root, i) => {
        const { name, layout } = at(results, i);
        const tensor = tensors.get(name);
        if (tensor === undefined) throw new Error(`${root.name} has no result`);
        return memory.resultOf(tensor, onnxTypeOf(root), sizeOf(root.shape), layout);
      });
    },
    start: null,
    dispose: () => session.dispose(),
  };
}
