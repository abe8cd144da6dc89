/** Python's onnx and onnxruntime as a check of exported files, in one process for all of them. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface PythonRun {
  /** Paths of the raw numbers. */
  readonly input: string;
  readonly shape: readonly number[];
  readonly type: 'float32' | 'uint8';
  readonly output: string;
}

export interface PythonAnswer {
  readonly error: string | null;
  readonly checked: { readonly opset: number; readonly ir: number; readonly domains: readonly string[] } | null;
}

export interface PythonChecker {
  /** Null where Python does not have it. */
  readonly onnx: string | null;
  readonly onnxruntime: string | null;
  check(model: string, runs: readonly PythonRun[]): Promise<PythonAnswer>;
  close(): void;
}

/**
 * @param python the program
 * @returns null where there is no such program, or it has no numpy
 */
export async function pythonChecker(python: string): Promise<PythonChecker | null> {
  const script = fileURLToPath(new URL('../python/check_export.py', import.meta.url));
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    return done ? null : JSON.parse(value);
  };
  const versions = (await answer()) as { onnx: string | null; onnxruntime: string | null } | null;
  if (versions === null) return null;
  return {
    ...versions,
    async check(model, runs) {
      child.stdin.write(`${JSON.stringify({ model, runs })}\n`);
      const result = (await answer()) as PythonAnswer | null;
      return result ?? { error: 'Python ended', checked: null };
    },
    close() {
      child.stdin.end();
    },
  };
}
