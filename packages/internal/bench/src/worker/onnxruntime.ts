/**
 * The process of onnxruntime itself, on torchvision's own export of the network: `onnxruntime.ts THREADS PYTHON`. Speaks the
 * protocol of ../protocol.ts.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { goldenInput } from '@cnnzoo/testing';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Failure, Inspection, Introduction, Prepared, Ran, Request, Work } from '../protocol.js';
import { processMemory } from './process-memory.js';
import { timeSteps } from './time-steps.js';

const reply = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

const [threads = '1', python = 'python3'] = process.argv.slice(2);
const torchvision = execFileSync(python, ['-c', 'import torchvision; print(torchvision.__version__)'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
}).trim();
reply({
  version: 'onnxruntime',
  threads: Number(threads),
  notes: [`on the export of torchvision ${torchvision}`],
} satisfies Introduction);

let step: (() => Promise<number>) | undefined;

async function prepare({ network, batchSize, mode }: Work): Promise<Prepared> {
  if (mode !== 'predict') throw new Error('onnxruntime does not train');
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-bench-'));
  try {
    const file = join(folder, 'network.onnx');
    const program = fileURLToPath(new URL('../../python/export_onnx.py', import.meta.url));
    const printed = execFileSync(python, [program, network, String(batchSize), file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const session = await InferenceSession.create(file, {
      intraOpNumThreads: Number(threads),
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
    const size = network === 'inception_v3' ? 299 : 224;
    const images = channelsFirst(goldenInput(batchSize, 3, size, size), batchSize, size);
    const input = new Tensor('float32', images, [batchSize, 3, size, size]);
    step = async () => {
      const { output } = await session.run({ input });
      return Number(output?.data[0]);
    };
    return { parameters: Number(printed.trim().split('\n').at(-1)?.split(' ')[0]) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function channelsFirst(images: Float32Array, batchSize: number, size: number): Float32Array {
  const area = size * size;
  const result = new Float32Array(images.length);
  for (let n = 0; n < batchSize; n++)
    for (let i = 0; i < area; i++)
      for (let c = 0; c < 3; c++) result[(n * 3 + c) * area + i] = images[(n * area + i) * 3 + c] ?? 0;
  return result;
}

async function answer(request: Request): Promise<Prepared | Ran | Inspection> {
  switch (request.command) {
    case 'prepare':
      return prepare(request.work);
    case 'run':
      if (step === undefined) throw new Error("'run' came before 'prepare'");
      return timeSteps(request.steps, step);
    case 'inspect':
      return { ...processMemory(), tensors: null, compilation: null };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    reply(await answer(JSON.parse(line) as Request));
  } catch (error) {
    reply({ error: error instanceof Error ? error.message : String(error) } satisfies Failure);
  }
}
process.exit(0);
