/** The graph of a part of a training step: it runs in this thread and, at the same time with other values, in replicas. */
import type { BufferPool } from '../engine/buffer-pool.js';
import { type CompiledGraph, onnxTypeOf } from '../engine/compile.js';
import { type GraphSession, hostGraph } from '../engine/graph-session.js';
import type { Trace } from '../engine/trace.js';
import { at } from '../graph/at.js';
import { physicalShape } from '../graph/layout.js';
import { leafValue, type Value } from '../graph/node.js';
import { sizeOf } from '../graph/shape.js';
import type { Runtime, SessionOptions } from '../runtime/runtime.js';
import type { ReplicaThread } from './replica-thread.js';
import type { PartGraph, PartTensor } from './serve-parts.js';
import type { SharedValues } from './shared-values.js';

let graphs = 0;

function inSharedMemory(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  copy.set(bytes);
  return copy;
}

/** What threads have to know of the graph, and which leaves its inputs are. */
function partOf(
  { leaves, roots }: Trace,
  { model, inputs, outputs }: CompiledGraph,
  options: SessionOptions,
): { part: PartGraph; read: number[] } {
  const named = inputs.flatMap((name, index) => (name === null ? [] : [{ name, index }]));
  const inputTensors = named.map(({ name, index }): PartTensor => {
    const leaf = at(leaves, index);
    return { name, type: onnxTypeOf(leaf), dims: physicalShape(leaf.shape, leafValue(leaf).layout) };
  });
  const outputTensors = roots.map((root, i): PartTensor => {
    const { name, layout } = at(outputs, i);
    return { name, type: onnxTypeOf(root), dims: physicalShape(root.shape, layout) };
  });
  const part = { model: inSharedMemory(model), options, inputs: inputTensors, outputs: outputTensors };
  return { part, read: named.map(({ index }) => index) };
}

export function replicatedGraph(
  runtime: Runtime,
  pool: BufferPool,
  shared: SharedValues,
  traced: Trace,
  graph: CompiledGraph,
  options: SessionOptions,
): GraphSession {
  const id = graphs++;
  const { part, read } = partOf(traced, graph, options);
  /** Of each thread that has the graph, the versions of its inputs. */
  const loaded = new Map<ReplicaThread, number[]>();
  let here: GraphSession | null = null;

  function versionsIn(thread: ReplicaThread): number[] {
    for (const each of loaded.keys()) if (each.ended !== null) loaded.delete(each);
    let versions = loaded.get(thread);
    if (versions === undefined) {
      versions = [];
      loaded.set(thread, versions);
      thread.load(id, part);
    }
    return versions;
  }

  return {
    run(trace) {
      here ??= hostGraph(runtime, pool, graph, options);
      return here.run(trace);
    },
    async start({ leaves, roots }, thread) {
      const versions = versionsIn(thread);
      const inputs = read.map((leafIndex, i) => {
        const leaf = at(leaves, leafIndex);
        const { version, data } = shared.of(leafValue(leaf), onnxTypeOf(leaf));
        if (versions[i] === version) return null;
        versions[i] = version;
        return data;
      });
      const buffers = roots.map((root) => pool.take(onnxTypeOf(root), sizeOf(root.shape)));
      const { outputs, failure } = await thread.run(id, inputs, buffers);
      if (failure !== null) {
        for (const data of outputs) pool.give(data);
        throw new Error(failure);
      }
      return outputs.map((data, i): Value => ({ data, layout: at(graph.outputs, i).layout, pooled: true, users: 0 }));
    },
    dispose() {
      here?.dispose();
      for (const thread of loaded.keys()) thread.drop(id);
    },
  };
}
