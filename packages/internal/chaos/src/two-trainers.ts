import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectThat, inTime } from './expect.js';
import { tinyRun } from './tiny-run.js';
import { startTrainer } from './trainer-process.js';

/** Two processes that train into one folder at the same moment: one has it, the other is told whose it is. */
export async function twoTrainers(count: number): Promise<string> {
  const wanted = await tinyRun({ epochs: 1 });
  const trainers = await Promise.all([startTrainer(), startTrainer()]);
  let refusedByOwner = 0;
  for (let round = 0; round < count; round++) {
    const folder = await mkdtemp(join(tmpdir(), 'cnnzoo-chaos-two-'));
    const ends = trainers.map((trainer) => trainer.next('ended', 'failed'));
    for (const trainer of trainers) trainer.train(folder, 1);
    const results = await inTime('one of two trainers', Promise.all(ends));
    const hashes = results.flatMap((end) => (end.type === 'ended' ? [end.hash] : []));
    const messages = results.flatMap((end) => (end.type === 'failed' ? [end.message] : []));
    // One that comes when the other has ended resumes a run that is over.
    expectThat(hashes.length >= 1, `round ${round}: neither trains: ${messages.join('; ')}`);
    for (const hash of hashes) expectThat(hash === wanted, `round ${round}: the weights are others`);
    for (const message of messages) {
      const owner = /is being trained into by process (\d+) on (.*): take/.exec(message);
      expectThat(
        trainers.some(({ process }) => String(process.pid) === owner?.[1]) && owner?.[2] === hostname(),
        `round ${round}: ${message}`,
      );
      refusedByOwner++;
    }
    const left = await readdir(folder);
    expectThat(
      left.includes('checkpoints.json') && !left.some((name) => name.startsWith('owner') || name.endsWith('.part')),
      `round ${round}: the folder has ${left.join(', ')}`,
    );
    await rm(folder, { recursive: true });
  }
  for (const trainer of trainers) await trainer.end('SIGTERM');
  return `2 trainers started together ${count} times: ${refusedByOwner} refused with host and process, no checkpoint lost, weights equal`;
}
