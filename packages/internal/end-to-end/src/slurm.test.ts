/** An array job of Slurm, a node of which dies in the middle, gives the report of one process. CNNZOO_CLUSTER_TASK says another evaluation. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { noSlurm, startSlurm, until } from './slurm-cluster.js';

const program = fileURLToPath(new URL('../../../cnnzoo/dist/cli.js', import.meta.url));
const reason = noSlurm();
const shards = 8;

/** Words of an evaluation, without `--out`. */
function taskIn(folder: string): string[] {
  const given = process.env['CNNZOO_CLUSTER_TASK'];
  if (given !== undefined) return given.split(' ');
  for (const [name, shade] of [
    ['dark', 0],
    ['light', 100],
  ] as const) {
    mkdirSync(join(folder, 'images', name), { recursive: true });
    for (let i = 0; i < 700; i++) {
      const pixels = Buffer.from(Array.from({ length: 32 * 32 }, (_, k) => shade + ((i * k) % 156)));
      writeFileSync(join(folder, 'images', name, `${i}.pgm`), Buffer.concat([Buffer.from('P5 32 32 255\n'), pixels]));
    }
  }
  const training = ['--network', 'lenet5', '--epochs', '1', '--workers', '0', '--out', 'classifier'];
  execFileSync(process.execPath, [program, 'train', 'images', ...training], { cwd: folder, stdio: 'pipe' });
  return ['evaluate', 'images', '--model', 'classifier'];
}

/** A report without the time, the only thing in it that differs. */
const timeless = (file: string) => readFileSync(file, 'utf8').replaceAll(/"milliseconds(PerImage)?":[\d.e-]+/g, '');

test.skipIf(reason !== null)(
  `Slurm computes ${shards} shards, a node of three dies, and the merged report is that of one process${reason === null ? '' : `: ${reason}`}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-slurm-'));
    const slurmFolder = join(folder, 'slurm');
    mkdirSync(slurmFolder);
    const task = taskIn(folder);
    const cnnzoo = (...words: readonly string[]) =>
      execFileSync(process.execPath, [program, ...words], {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const cluster = await startSlurm(slurmFolder, ['n1', 'n2', 'n3'], 1);
    try {
      const call = `${process.execPath} ${program}`;
      const options = ['--shards', String(shards), '--cpus', '1', '--memory', '1G', '--program', call];
      const script = cnnzoo('cluster', 'slurm', ...options, '--', ...task, '--out', 'results');
      const merging = execFileSync('bash', [], {
        cwd: folder,
        env: cluster.environment,
        input: script,
        encoding: 'utf8',
      }).trim();
      const done = () => (readdirSync(folder).includes('results') ? readdirSync(join(folder, 'results')) : []);
      const finished = () => done().filter((name) => /^shard-\d-of-8\.json$/.test(name)).length;

      // The node's first shard is stopped, so that it cannot finish before its node dies in the middle of the work.
      await until(() => cluster.pause('n2', '--shard') || finished() === shards, 'n2 computes');
      await until(() => finished() >= 2, 'the other nodes have finished two shards');
      cluster.kill('n2');
      const before = finished();
      expect(before).toBeLessThan(shards);

      const stateOf = () => cluster.query('scontrol', 'show', 'job', merging);
      await until(() => /JobState=(COMPLETED|FAILED|CANCELLED|TIMEOUT)/.test(stateOf()), 'the merge has ended');
      expect(stateOf()).toContain('JobState=COMPLETED');
      expect(cluster.query('sinfo', '--noheader', '--nodes=n2', '--format=%t').trim()).toMatch(/^down/);
      expect(readFileSync(join(slurmFolder, 'slurmctld.log'), 'utf8')).toMatch(/[Rr]equeue/);

      cnnzoo(...task, '--out', 'whole');
      // Not toBe: it would print megabytes.
      expect(timeless(join(folder, 'results/report.json')) === timeless(join(folder, 'whole/report.json'))).toBe(true);
      const [, count] = /"count":(\d+)/.exec(timeless(join(folder, 'whole/report.json'))) ?? [];
      console.log(`${count} images: equal; n2 died with ${before} of ${shards} shards finished`);
    } finally {
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
