/** Processes that train in parts end as others do: by themselves, or by a signal after a checkpoint. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const program = fileURLToPath(new URL('../fixtures/train-in-parts.ts', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnnzoo-parts-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the program; `onLine` may send it a signal. */
function runProgram(
  steps: number,
  name: string,
  onLine: (line: string, signal: (name: NodeJS.Signals) => void) => void,
) {
  const child = spawn(process.execPath, ['--import', 'tsx', program, String(steps), join(folder, name)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines: string[] = [];
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (text + chunk).split('\n');
    text = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      onLine(line, (signal) => child.kill(signal));
    }
  });
  return new Promise<{ code: number | null; signal: NodeJS.Signals | null; last: string }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, last: lines.at(-1) ?? '' }));
  });
}

test('a program whose training is over ends', async () => {
  const { code, last } = await runProgram(3, 'over', () => {});
  expect([code, JSON.parse(last)]).toEqual([0, { interrupted: null, step: 3, saved: true }]);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it after the step, with a checkpoint', async (name) => {
  const { code, last } = await runProgram(100_000, name, (line, signal) => {
    if (line === 'step 2') signal(name);
  });
  expect(code).toBe(0);
  const { interrupted, step, saved } = JSON.parse(last) as { interrupted: string; step: number; saved: boolean };
  expect([interrupted, saved]).toEqual([name, true]);
  expect(step).toBeLessThan(100_000);
});

test('a second signal ends it without a crash', async () => {
  const { code, signal } = await runProgram(100_000, 'twice', (line, send) => {
    if (line !== 'step 2') return;
    send('SIGINT');
    send('SIGTERM');
    send('SIGINT');
  });
  // Or after the step, where the signals came to it between two.
  expect([[null, 'SIGINT'].join(), [null, 'SIGTERM'].join(), [0, null].join()]).toContain([code, signal].join());
});
