/** A real Redis, workers of which some are killed, and a job that fails at first. CNNZOO_QUEUE_RUN="IMAGES MODEL" says another evaluation. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { reportToJson } from '@cnnzoo/evaluate';
import { createModel, loadClassifier, saveModel, useBackend } from 'cnnzoo';
import { expect, test } from 'vitest';
import { addRun, mergeRun, stateOfRun } from './shard-queue.js';

const missing =
  spawnSync('redis-server', ['--version']).status === 0 ? null : 'needs redis-server: apt-get install redis-server';
/** A worker that is silent for so long, in seconds, counts as dead. */
const patience = 5;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits for what takes seconds. */
async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + 280_000; !(await condition()); await setTimeout(50))
    if (performance.now() > end) throw new Error(`it is not so that ${what}`);
}

async function exampleRun(folder: string): Promise<[images: string, model: string]> {
  const given = process.env['CNNZOO_QUEUE_RUN']?.split(' ');
  if (given?.[0] !== undefined && given[1] !== undefined) return [given[0], given[1]];
  const images = join(folder, 'images');
  for (const [name, shade] of [
    ['dark', 0],
    ['light', 100],
  ] as const) {
    mkdirSync(join(images, name), { recursive: true });
    for (let i = 0; i < 600; i++) {
      const pixels = Buffer.from(Array.from({ length: 32 * 32 }, (_, k) => shade + ((i * k) % 156)));
      writeFileSync(join(images, name, `${i}.pgm`), Buffer.concat([Buffer.from('P5 32 32 255\n'), pixels]));
    }
  }
  await useBackend();
  const model = createModel('lenet5', { numClasses: 2 });
  model.setUserDefinedMetadata({ ...model.getUserDefinedMetadata(), categories: ['dark', 'light'] });
  await saveModel(model, join(folder, 'model'));
  model.dispose();
  return [images, join(folder, 'model')];
}

test.skipIf(missing !== null)(
  `workers are killed and jobs fail, and the merged report is that of one process${missing === null ? '' : `: ${missing}`}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-queue-'));
    const port = await freePort();
    const redis = `redis://127.0.0.1:${port}`;
    const server = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder], {
      stdio: 'ignore',
    });
    const workers: { process: ChildProcess; log: string[] }[] = [];
    const startWorker = () => {
      const words = [
        '--import',
        'tsx',
        fileURLToPath(new URL('main.ts', import.meta.url)),
        'work',
        '--redis',
        redis,
        '--patience',
        `${patience}`,
      ];
      const worker = {
        process: spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] }),
        log: [] as string[],
      };
      worker.process.stdout
        .setEncoding('utf8')
        .on('data', (text: string) => worker.log.push(...text.trim().split('\n')));
      workers.push(worker);
      return worker;
    };
    /** A worker that is killed while it has a job. */
    const killOne = async () => {
      const worker = startWorker();
      const has = () =>
        worker.log.filter((line) => line.startsWith('began')).length >
        worker.log.filter((line) => /^(completed|failed)/.test(line)).length;
      await until(has, 'the worker has a job');
      worker.process.kill('SIGKILL');
      return worker.log.findLast((line) => line.startsWith('began'));
    };
    try {
      await until(
        () =>
          spawnSync('redis-cli', ['-p', `${port}`, 'ping'])
            .stdout.toString()
            .trim() === 'PONG',
        'redis answers',
      );
      const [images, model] = await exampleRun(folder);
      const batches = await addRun(redis, 'test', images, model);
      expect(await addRun(redis, 'test', images, model)).toBe(batches);

      // Nobody finds the network at first.
      renameSync(model, `${model}-away`);
      const first = startWorker();
      await until(() => first.log.some((line) => line.startsWith('failed')), 'a job has failed');
      first.process.kill('SIGKILL');
      renameSync(`${model}-away`, model);
      await expect(mergeRun(redis, 'test')).rejects.toThrow(/job test-\d+ is /);

      const killed = [await killOne(), await killOne()];
      expect(killed.every((line) => /^began test-\d+$/.test(line ?? ''))).toBe(true);
      startWorker();
      startWorker();
      const state = async () => stateOfRun(redis, 'test', batches);
      await until(async () => (await state()).completed === batches, 'all jobs are completed');
      const { failed, attempts } = await state();
      expect(failed).toBe(0);
      // One was tried again, and two were taken from the dead.
      expect(attempts).toBeGreaterThanOrEqual(batches + 3);

      const classifier = await loadClassifier(model);
      const whole = await classifier.evaluate(images, { answers: true });
      await classifier.dispose();
      const timeless = (report: typeof whole) =>
        reportToJson(report).replaceAll(/"milliseconds(PerImage)?":[\d.e-]+/g, '');
      expect(timeless(await mergeRun(redis, 'test')) === timeless(whole)).toBe(true);
      console.log(`${whole.count} images in ${batches} jobs, begun ${attempts} times: equal`);
    } finally {
      for (const { process: worker } of workers) worker.kill('SIGKILL');
      server.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
