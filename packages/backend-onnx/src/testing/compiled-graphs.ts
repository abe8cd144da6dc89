/** The ONNX graphs that the backend makes of tfjs code, for tests that say what must not be in them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { createBackend } from '../create-backend.js';
import type { EmissionOptions } from '../graph/emission.js';
import { probeBlock } from '../kernels/convolution/block-probe.js';
import { registerOnnxBackend } from '../register-backend.js';
import { onnxruntimeNode } from '../runtime/onnxruntime-node.js';
import { backendName } from '../tfjs/kernel.js';

/**
 * Runs tfjs code on a backend of its own.
 * @param graph how graphs are written, where it is not as on this processor
 * @returns what the code returns, and the bytes of each graph as text: names are in it as they are
 */
export async function compiledBy<T>(
  compute: () => T | Promise<T>,
  graph: Partial<EmissionOptions> = {},
): Promise<{ result: T; graphs: string[]; block: number }> {
  const dump = mkdtempSync(join(tmpdir(), 'cnnzoo-graphs-'));
  registerOnnxBackend({ threads: 1 });
  tf.removeBackend(backendName);
  const runtime = onnxruntimeNode();
  tf.registerBackend(backendName, () => createBackend(runtime, { threads: 1, dump, graph }));
  try {
    await tf.setBackend(backendName);
    const result = await compute();
    const graphs = readdirSync(dump).map((file) => readFileSync(join(dump, file)).toString('latin1'));
    return { result, graphs, block: graph.block ?? probeBlock(runtime) };
  } finally {
    tf.removeBackend(backendName);
    rmSync(dump, { recursive: true });
  }
}

/** The bytes of each graph of tfjs code as text. */
export function graphsOf(compute: () => void): string[] {
  const dump = mkdtempSync(join(tmpdir(), 'cnnzoo-graphs-'));
  registerOnnxBackend({ threads: 1 });
  tf.removeBackend(backendName);
  tf.registerBackend(backendName, () => createBackend(onnxruntimeNode(), { threads: 1, dump }));
  try {
    // Synchronous for a backend that is made synchronously.
    void tf.setBackend(backendName);
    tf.tidy(compute);
    return readdirSync(dump).map((file) => readFileSync(join(dump, file)).toString('latin1'));
  } finally {
    tf.removeBackend(backendName);
    rmSync(dump, { recursive: true });
  }
}

/** ONNX nodes that were made for an operation of tfjs. */
export const nodesOf = (graph: string, operation: string) =>
  graph.match(new RegExp(`${operation}#\\d+/\\w+`, 'g'))?.length ?? 0;

/** ONNX nodes of a type whose name is part of no other's. */
export const operatorsOf = (graph: string, type: string) => graph.match(new RegExp(type, 'g'))?.length ?? 0;
