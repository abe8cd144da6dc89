/** What a worker does: runs a frozen model on the arrays that it is sent, one after the other. */
import type { WorkerLink } from '@cnnzoo/workers';
import type { SessionOptions } from '../runtime/runtime.js';
import type { FrozenGraph } from './frozen-graph.js';
import { frozenSession } from './frozen-session.js';
import { type OnnxFile, onnxFileSession } from './onnx-file-session.js';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly graph: FrozenGraph | OnnxFile;
  readonly options: SessionOptions;
}

/** `null` ends the worker when all before it is done. */
export type WorkerRequest = { readonly id: number; readonly images: Float32Array } | null;

export type WorkerResponse =
  | { readonly id: number; readonly result: Float32Array<ArrayBuffer> }
  | { readonly id: number; readonly message: string };

export function serveRequests(link: WorkerLink, { graph, options }: WorkerSetup): void {
  const session = 'path' in graph ? onnxFileSession(graph, options) : frozenSession(graph, options);
  link.onMessage((message) => {
    const request = message as WorkerRequest;
    if (request === null) {
      session.dispose();
      link.close();
      return;
    }
    const { id, images } = request;
    try {
      const result = session.run(images) as Float32Array<ArrayBuffer>;
      link.post({ id, result } satisfies WorkerResponse, [result.buffer]);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      link.post({ id, message: text } satisfies WorkerResponse);
    }
  });
}
