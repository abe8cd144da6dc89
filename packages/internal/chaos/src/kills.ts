import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expectThat, inTime } from './expect.js';
import type { Random } from './random.js';
import { tinyRun } from './tiny-run.js';
import { startTrainer, type Trainer } from './trainer-process.js';

const epochs = 60;

/** SIGKILLs a run at random moments, and resumes it each time. */
export async function kills(count: number, random: Random): Promise<string> {
  const wanted = await tinyRun({ epochs });
  let folder = await mkdtemp(join(tmpdir(), 'cnnzoo-chaos-kills-'));
  let lastSaved = 0;
  let runs = 0;
  // The next process is started while this one works.
  let next: Promise<Trainer> = startTrainer();
  for (let kill = 0; kill < count; kill++) {
    const trainer = await next;
    next = startTrainer();
    trainer.train(folder, epochs);
    const first = await inTime('a run that resumes', trainer.next('started', 'saved', 'failed', 'ended'));
    expectThat(first.type !== 'failed', `after kill ${kill}: ${first.type === 'failed' ? first.message : ''}`);
    await setTimeout(random.next() * 400);
    await trainer.end('SIGKILL');
    for (const message of trainer.messages)
      if (message.type === 'saved') {
        expectThat(
          message.step > lastSaved,
          `step ${message.step} was saved after ${lastSaved}: a checkpoint was lost`,
        );
        lastSaved = message.step;
      }
    const ended = trainer.messages.find((message) => message.type === 'ended');
    if (ended?.type !== 'ended') continue;
    expectThat(ended.hash === wanted, 'the weights after kills are others');
    runs++;
    await rm(folder, { recursive: true });
    folder = await mkdtemp(join(tmpdir(), 'cnnzoo-chaos-kills-'));
    lastSaved = 0;
  }
  const trainer = await next;
  trainer.train(folder, epochs);
  const end = await inTime('the last run', trainer.next('ended', 'failed'), 120_000);
  expectThat(end.type === 'ended' && end.hash === wanted, `the weights after kills are others: ${JSON.stringify(end)}`);
  await trainer.end('SIGTERM');
  await rm(folder, { recursive: true });
  return `${count} SIGKILLs in ${runs + 1} runs of ${epochs * 20} steps: no checkpoint lost, final weights equal`;
}
