/** What onnxruntime makes of a graph before it runs it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';

/** @returns counts a type of operator in the optimized graph: its length and letters stand there as protobuf writes them */
export async function optimizedOperators(model: Uint8Array): Promise<(type: string) => number> {
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-optimized-'));
  const file = join(folder, 'graph.onnx');
  try {
    const session = await InferenceSession.create(model, {
      optimizedModelFilePath: file,
      graphOptimizationLevel: 'extended',
      logSeverityLevel: 4,
    });
    await session.release();
    const text = readFileSync(file).toString('latin1');
    return (type) => text.split(`"${String.fromCharCode(type.length)}${type}`).length - 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
