/**
 * Exports every network of `listModels()` with a dynamic batch and checks the files: onnx's checker accepts them, and onnxruntime in
 * Node and in Python give the network's own output at batch 1 and 3.
 *
 *   pnpm --filter @cnnzoo/contracts check-exports [--small] [--python PROGRAM] [NETWORK…]
 *
 * What is missing of Python's `onnx` and `onnxruntime` (`pip install onnx onnxruntime`) is skipped, and said so.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportOnnx, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { goldenInput, loadGoldenWeights } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { createModel, listModels, type ModelId } from 'cnnzoo';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type PythonChecker, pythonChecker } from './python-checker.js';
import { hasTop, isGiant, smallInput } from './small-networks.js';

/** Of the largest logit. */
const tolerance = 1e-4;
const batchSizes = [1, 3];

interface Case {
  readonly shape: readonly number[];
  readonly input: Float32Array;
  readonly expected: Float32Array;
}

function difference(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Infinity;
  let [largest, off] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i] ?? 0));
    off = Math.max(off, Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? 0)));
  }
  // An output that is the same for every image, or none, would prove nothing.
  return largest > 0 && Number.isFinite(largest) ? off / largest : Infinity;
}

async function inNode(file: Uint8Array, cases: readonly Case[]): Promise<number> {
  const session = await InferenceSession.create(file);
  let worst = 0;
  for (const { shape, input, expected } of cases) {
    const result = await session.run({ [session.inputNames[0] ?? '']: new Tensor('float32', input, shape) });
    worst = Math.max(worst, difference(result[session.outputNames[0] ?? '']?.data as Float32Array, expected));
  }
  await session.release();
  return worst;
}

async function inPython(python: PythonChecker, folder: string, model: string, cases: readonly Case[]) {
  const runs = cases.map(({ shape, input }, i) => {
    const paths = { input: join(folder, `input${i}`), output: join(folder, `output${i}`) };
    writeFileSync(paths.input, input);
    return { ...paths, shape, type: 'float32' as const };
  });
  const { error, checked } = await python.check(model, runs);
  const problems = error === null ? [] : [error];
  if (checked?.domains.some((domain) => domain !== '')) problems.push(`operators of ${checked.domains.join(', ')}`);
  if (error !== null || python.onnxruntime === null) return { problems, worst: 0 };
  const worst = Math.max(
    ...runs.map(({ output }, i) => {
      const { buffer, byteOffset, byteLength } = readFileSync(output);
      const actual = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
      return difference(actual, cases[i]?.expected ?? new Float32Array());
    }),
  );
  return { problems, worst };
}

/** A smaller scale after every batch norm: hundreds of blocks that each double the values would end in infinity. */
function calm(model: LayersModel): void {
  const scales = model.layers.flatMap(({ weights }) =>
    weights.filter(({ originalName }) => /gamma$/.test(originalName)),
  );
  tf.tidy(() => {
    for (const scale of scales) scale.write(tf.mul(scale.read(), 0.2));
  });
}

/** @returns what is wrong */
async function checkNetwork(
  id: ModelId,
  { small, python, folder }: { small: boolean; python: PythonChecker | null; folder: string },
): Promise<string[]> {
  const start = performance.now();
  const top = hasTop(id) ? {} : { includeTop: false, pooling: 'avg' as const };
  const options = small ? { inputShape: smallInput(id), ...top } : {};
  const model = createModel(id, { ...options, initialWeights: 'zeros' });
  loadGoldenWeights(model);
  if (isGiant(id)) calm(model);
  const [height = 0, width = 0, channels = 0] = model.inputs[0]?.shape.slice(1).map(Number) ?? [];
  const cases = batchSizes.map((count) => {
    const shape = [count, height, width, channels];
    const input = goldenInput(count, channels, height, width);
    const expected = tf.tidy(() => (model.predict(tf.tensor(input, shape)) as tf.Tensor).dataSync<'float32'>().slice());
    return { shape, input, expected };
  });
  const exporting = performance.now();
  const file = exportOnnx(model);
  const exported = performance.now() - exporting;
  model.dispose();
  const path = join(folder, 'model.onnx');
  writeFileSync(path, file);
  const node = await inNode(file, cases);
  const { problems, worst } =
    python === null ? { problems: [], worst: 0 } : await inPython(python, folder, path, cases);
  if (!(node <= tolerance)) problems.push(`onnxruntime in Node is off by ${node}`);
  if (!(worst <= tolerance)) problems.push(`onnxruntime in Python is off by ${worst}`);
  console.log(
    [
      id.padEnd(24),
      `${(file.length / 1e6).toFixed(1)} MB`.padStart(10),
      `export ${exported.toFixed(0)} ms`.padStart(16),
      `node ${node.toExponential(1)}`,
      python?.onnxruntime ? `python ${worst.toExponential(1)}` : '',
      `${((performance.now() - start) / 1000).toFixed(0)} s`,
      ...problems,
    ].join('  '),
  );
  return problems.map((problem) => `${id}: ${problem}`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { small: { type: 'boolean', default: false }, python: { type: 'string', default: 'python3' } },
});
registerOnnxBackend();
await tf.setBackend('onnx');
const folder = mkdtempSync(join(tmpdir(), 'check-exports-'));
const python = await pythonChecker(values.python);
console.log(
  python?.onnx
    ? `onnx ${python.onnx}`
    : `skipped: onnx's checker, which ${values.python} does not have (pip install onnx)`,
);
console.log(
  python?.onnxruntime
    ? `onnxruntime ${python.onnxruntime} in Python`
    : `skipped: onnxruntime in Python, which ${values.python} does not have (pip install onnxruntime)`,
);
const ids = positionals.length > 0 ? (positionals as ModelId[]) : listModels();
const problems: string[] = [];
try {
  for (const id of ids) {
    try {
      problems.push(...(await checkNetwork(id, { small: values.small, python, folder })));
    } catch (error) {
      problems.push(`${id}: ${error instanceof Error ? error.message : String(error)}`);
      console.log(problems.at(-1));
    }
  }
} finally {
  python?.close();
  rmSync(folder, { recursive: true, force: true });
}
console.log(problems.length === 0 ? `${ids.length} networks export` : problems.join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
