/**
 * Checks the manifest of an exported PyTorch program against the published models of Kubeflow Trainer:
 *
 *   pnpm --filter @cnnzoo/contracts check-train-job --python PROGRAM
 *
 * The program is a Python with kubeflow-trainer-api and pyyaml.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeTorch } from '@cnnzoo/handover';
import { lenet5 } from '@cnnzoo/lenet';
import '@tensorflow/tfjs-backend-cpu';

const { values } = parseArgs({ options: { python: { type: 'string', default: 'python3' } } });
const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-job-'));
try {
  await writeTorch(lenet5(), folder, 'lenet');
  const script = fileURLToPath(new URL('../python/check_train_job.py', import.meta.url));
  execFileSync(values.python, [script, join(folder, 'trainjob.yaml')], { stdio: 'inherit' });
} finally {
  rmSync(folder, { recursive: true });
}
