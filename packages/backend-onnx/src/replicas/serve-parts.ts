/** What a replica's thread does: runs graphs of parts of training steps, one after the other. */
import type { WorkerLink } from '@cnnzoo/workers';
import { at } from '../graph/at.js';
import type { Elements } from '../graph/layout.js';
import { onnxruntimeNode } from '../runtime/onnxruntime-node.js';
import type { Runtime, RuntimeInput, RuntimeTensor, Session, SessionOptions } from '../runtime/runtime.js';

/** A graph's input or output. */
export interface PartTensor {
  readonly name: string;
  readonly type: RuntimeInput['type'];
  readonly dims: readonly number[];
}

/** What a thread has to know of a graph before it runs it. */
export interface PartGraph {
  /** In shared memory, because every thread gets it. */
  readonly model: Uint8Array;
  readonly options: SessionOptions;
  readonly inputs: readonly PartTensor[];
  readonly outputs: readonly PartTensor[];
}

/** `null` ends the thread when all before it is done. */
export type ReplicaRequest =
  | { readonly kind: 'load'; readonly graph: number; readonly part: PartGraph }
  | { readonly kind: 'drop'; readonly graph: number }
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly graph: number;
      /** In shared memory; null where the input has the values of the run before. */
      readonly inputs: readonly (Elements | null)[];
      /** Handed over, and back with the response. */
      readonly outputs: readonly Elements[];
    }
  | null;

export interface ReplicaResponse {
  readonly id: number;
  readonly outputs: readonly Elements[];
  /** Why the outputs were not computed; null where they were. */
  readonly failure: string | null;
}

interface LoadedGraph {
  run(inputs: readonly (Elements | null)[], outputs: readonly Elements[]): void;
  dispose(): void;
}

function loadedGraph(runtime: Runtime, { model, options, inputs, outputs }: PartGraph): LoadedGraph {
  let session: Session | null = null;
  /** Copies of the inputs: onnxruntime's binding does not read shared memory. */
  const own = new Map<string, RuntimeTensor>();
  return {
    run(values, buffers) {
      values.forEach((shared, i) => {
        if (shared === null) return;
        const { name, type, dims } = at(inputs, i);
        const copy = own.get(name)?.data;
        if (copy === undefined) own.set(name, { type, dims, data: shared.slice() });
        else copy.set(shared);
      });
      // Made by the first run and not before it, so that a graph that cannot be loaded has a run that says so.
      session ??= runtime.createSession(model, options);
      const results = new Map<string, RuntimeTensor>();
      buffers.forEach((data, i) => {
        const { name, type, dims } = at(outputs, i);
        results.set(name, { type, dims, data });
      });
      session.run(own, results);
    },
    dispose: () => session?.dispose(),
  };
}

export function serveParts(link: WorkerLink): void {
  const runtime = onnxruntimeNode();
  const graphs = new Map<number, LoadedGraph>();
  const drop = (graph: number) => {
    graphs.get(graph)?.dispose();
    graphs.delete(graph);
  };
  link.onMessage((message) => {
    const request = message as ReplicaRequest;
    if (request === null) {
      for (const graph of [...graphs.keys()]) drop(graph);
      link.close();
    } else if (request.kind === 'load') graphs.set(request.graph, loadedGraph(runtime, request.part));
    else if (request.kind === 'drop') drop(request.graph);
    else {
      const { id, graph, inputs, outputs } = request;
      let failure: string | null = null;
      try {
        const loaded = graphs.get(graph);
        if (loaded === undefined) throw new Error(`graph ${graph} is not loaded`);
        loaded.run(inputs, outputs);
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
      }
      const buffers = outputs.map(({ buffer }) => buffer as ArrayBuffer);
      link.post({ id, outputs, failure } satisfies ReplicaResponse, buffers);
    }
  });
}
