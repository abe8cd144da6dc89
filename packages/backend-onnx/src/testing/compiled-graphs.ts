/** The ONNX graphs that the backend makes of tfjs code, for tests that say what must not be in them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { createBackend } from '../create-backend.js';
import { registerOnnxBackend } from '../register-backend.js';
import { onnxruntimeNode } from '../runtime/onnxruntime-node.js';

/** The bytes of each graph as text: names are in it as they are. */
export function graphsOf(compute: () => void): string[] {
  const dump = mkdtempSync(join(tmpdir(), 'cnnzoo-graphs-'));
  const name = 'onnx';
  registerOnnxBackend({ threads: 1 });
  tf.removeBackend(name);
  tf.registerBackend(name, () => createBackend(onnxruntimeNode(), { threads: 1, dump }));
  try {
    // Synchronous for a backend that is made synchronously.
    void tf.setBackend(name);
    tf.tidy(compute);
    return readdirSync(dump).map((file) => readFileSync(join(dump, file)).toString('latin1'));
  } finally {
    tf.removeBackend(name);
    rmSync(dump, { recursive: true });
  }
}

/** ONNX nodes that were made for an operation of tfjs. */
export const nodesOf = (graph: string, operation: string) =>
  graph.match(new RegExp(`${operation}#\\d+/\\w+`, 'g'))?.length ?? 0;

/** ONNX nodes of a type whose name is part of no other's. */
export const operatorsOf = (graph: string, type: string) => graph.match(new RegExp(type, 'g'))?.length ?? 0;
