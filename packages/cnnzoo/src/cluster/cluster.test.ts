/** What `cnnzoo cluster` writes: against Kubernetes' published schema, and run with the variables that schedulers set. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runPiped } from '../command-line/testing/run-process.js';
import schema from './fixtures/job-batch-v1.json' with { type: 'json' };
import { slurmScript } from './slurm.js';
import { clusterTask } from './task.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-cluster-'));
const task = ['evaluate', 'images', '--model', 'classifier', '--out'];
beforeAll(async () => {
  for (const name of ['dark', 'light']) {
    mkdirSync(join(folder, 'images', name), { recursive: true });
    for (let i = 0; i < 4; i++)
      writeFileSync(
        join(folder, 'images', name, `${i}.pgm`),
        Buffer.concat([Buffer.from('P5 32 32 255\n'), Buffer.alloc(32 * 32, (name === 'dark' ? 40 : 200) + i)]),
      );
  }
  const training = ['--network', 'lenet5', '--epochs', '1', '--batch-size', '4', '--workers', '0'];
  const { code, stderr } = await runPiped(['train', 'images', ...training, '--out', 'classifier'], { cwd: folder });
  expect(code, stderr).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Job {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly suspend?: boolean;
    readonly completions?: number;
    readonly backoffLimitPerIndex?: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly command: readonly string[];
          readonly env?: readonly { readonly name: string; readonly value: string }[];
        }[];
      };
    };
  };
}

async function jobsOf(...words: readonly string[]): Promise<[Job, Job]> {
  const { code, stdout, stderr } = await runPiped(['cluster', ...words, '--', ...task, 'results']);
  expect(code, stderr).toBe(0);
  const documents = parseAllDocuments(stdout);
  expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
  return documents.map((document) => document.toJS()) as [Job, Job];
}

test('the manifests are what Kubernetes takes, and their programs give the report of one process', async () => {
  const image = ['--image', 'registry.example.org/cnnzoo:1', '--shards', '2'];
  const plain = await jobsOf('kubernetes', ...image, '--namespace', 'vision', '--parallel', '1');
  const queued = await jobsOf('kueue', '--queue', 'research', ...image);
  // Formats such as int32 say how a number is kept.
  const isJob = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  for (const job of [...plain, ...queued]) expect(isJob(job), JSON.stringify(isJob.errors)).toBe(true);
  const { backoffLimitPerIndex: _, ...spec } = plain[0].spec;
  expect(isJob({ ...plain[0], spec: { ...spec, backoffLimitPerindex: 2 } })).toBe(false);
  for (const { metadata, spec: queuedSpec } of queued) {
    expect(metadata.labels).toEqual({ 'kueue.x-k8s.io/queue-name': 'research' });
    expect(queuedSpec.suspend).toBe(true);
  }

  const [array, merge] = plain;
  expect(array.spec).toMatchObject({
    completions: 2,
    backoffLimitPerIndex: 2,
    parallelism: 1,
    completionMode: 'Indexed',
  });
  const run = async ({ spec: { template } }: Job, env: Readonly<Record<string, string>>) => {
    const [container] = template.spec.containers;
    const [program, ...words] = container?.command ?? [];
    expect(program).toBe('cnnzoo');
    const own = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    const { code, stderr } = await runPiped(words, { cwd: folder, env: { ...own, ...env } });
    expect(code, stderr).toBe(0);
  };
  // The merge waits from the beginning on.
  await Promise.all([
    run(merge, {}),
    run(array, { JOB_COMPLETION_INDEX: '1' }).then(() => run(array, { JOB_COMPLETION_INDEX: '0' })),
  ]);
  const { code, stderr } = await runPiped([...task, 'whole'], { cwd: folder });
  expect(code, stderr).toBe(0);
  const report = (name: string) =>
    readFileSync(join(folder, name, 'report.json'), 'utf8').replaceAll(/"milliseconds(PerImage)?":[\d.e-]+/g, '');
  expect(report('results') === report('whole')).toBe(true);

  const verify = (file: string) => runPiped(['verify', file, 'images', '--model', 'classifier'], { cwd: folder });
  expect(await verify('results/report.json')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('The report can be true.'),
  });
  const lie = readFileSync(join(folder, 'results/report.json'), 'utf8').replace(/"top1":\d,"topK"/, '"top1":7,"topK"');
  writeFileSync(join(folder, 'lie.json'), lie);
  expect(await verify('lie.json')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('The report is not true.\nits tally does not follow'),
  });
});

test('the script of Slurm is one that bash reads, with words quoted', () => {
  const words = ['evaluate', "a folder's images", '--out', '$HOME/r'];
  const script = slurmScript(clusterTask(words, { shards: 8, name: 'cifar', retries: 2 }), {
    cpus: 2,
    memory: '4G',
    program: 'npx cnnzoo',
  });
  expect(script).toContain(
    `npx cnnzoo evaluate 'a folder'\\''s images' --out '$HOME/r' --shard "$SLURM_ARRAY_TASK_ID/8"`,
  );
  expect(script).toContain('--array=0-7 --requeue');
  expect(script).toContain('--dependency="afterok:$array"');
  expect(spawnSync('bash', ['-n'], { input: script }).stderr.toString()).toBe('');
});

test('a command that has no shards is refused by what is wrong', () => {
  const common = { shards: 8, name: 'cnnzoo', retries: 2 };
  for (const [words, message, changes] of [
    [['train', 'pets'], 'the command must begin with evaluate, predict, extract', {}],
    [['evaluate', 'pets'], 'must have --out', {}],
    [['evaluate', 'pets', '--out'], 'must have --out', {}],
    [['evaluate', 'pets', '--out=r', '--shard=0/8'], '--shard is what the cluster says', {}],
    [['evaluate', 'pets', '--out=r'], '--name must be at most 52 small letters', { name: 'A b' }],
  ] as const)
    expect(() => clusterTask(words, { ...common, ...changes })).toThrow(message);
  expect(clusterTask(['predict', 'a.jpg', '--out=r'], common).folder).toBe('r');
});
