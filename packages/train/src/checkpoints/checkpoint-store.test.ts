import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import { expect, test } from 'vitest';
import { tinyLoader, tinyModel } from '../fixtures/tiny-run.js';
import { train } from '../loop/train.js';
import { sgd } from '../optimizers/sgd.js';

const writer = fileURLToPath(new URL('../fixtures/write-checkpoints.ts', import.meta.url));

test('a process killed at any moment leaves a checkpoint that a run can go on from', async () => {
  for (let kill = 0; kill < 4; kill++) {
    const folder = await mkdtemp(join(tmpdir(), 'cnnzoo-kill-'));
    const child = spawn(process.execPath, ['--import', 'tsx', writer, folder], { stdio: ['ignore', 'pipe', 'ignore'] });
    let written = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written = Number(text.trim().split('\n').at(-1));
    });
    await once(child.stdout, 'data');
    // The first checkpoints are out: kill it somewhere in the writing of a later one.
    await setTimeout(20 + 13 * kill);
    child.kill('SIGKILL');
    await once(child, 'close');
    const abort = new AbortController();
    let start = -1;
    const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
    const history = await train(tinyModel(), tinyLoader(1000), {
      epochs: 1000,
      optimizer,
      averageDecay: 0.9,
      checkpoint: { folder, keepLast: 1 },
      resume: true,
      abort: abort.signal,
      onEvent: (event) => {
        if (event.type === 'start') start = 1000 * event.epoch + event.batch;
        if (event.type === 'step') abort.abort();
      },
    });
    expect(start).toBeGreaterThanOrEqual(written);
    expect(history.step).toBe(start + 1);
    // What the kill left half done is gone.
    expect(await readdir(folder)).toEqual(['checkpoints.json', `step-${String(start + 1).padStart(8, '0')}`]);
    await rm(folder, { recursive: true });
  }
}, 900_000);
