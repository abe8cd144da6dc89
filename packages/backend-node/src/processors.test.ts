import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { engineThreads, processorQuota, usableProcessors } from './processors.js';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

function machine(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'cnnzoo-cgroup-'));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const version1 = '12:pids:/docker/a\n4:cpu,cpuacct:/docker/a\n1:name=systemd:/docker/a\n0::/\n';

test.each([
  ['no control groups', {}, Infinity],
  ['version 2 without a limit', { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': 'max 100000\n' }, Infinity],
  ['version 2 in a container', { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '150000 100000\n' }, 1.5],
  [
    'the least of version 2’s groups, also one above',
    {
      'proc/self/cgroup': '0::/user.slice/app.scope\n',
      'sys/fs/cgroup/user.slice/cpu.max': '200000 100000\n',
      'sys/fs/cgroup/user.slice/app.scope/cpu.max': '400000 100000\n',
    },
    2,
  ],
  [
    'version 1 on its host',
    {
      'proc/self/cgroup': version1,
      'sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_quota_us': '50000\n',
      'sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_period_us': '100000\n',
    },
    0.5,
  ],
  [
    'version 1 in a container, whose group is the mount’s root',
    {
      'proc/self/cgroup': version1,
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '300000\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    3,
  ],
  [
    'version 1 without a limit',
    {
      'proc/self/cgroup': version1,
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    Infinity,
  ],
  ['nonsense', { 'proc/self/cgroup': 'x', 'sys/fs/cgroup/cpu.max': '' }, Infinity],
])('%s', (_, files, quota) => {
  const root = machine(files);
  expect(processorQuota(root)).toBe(quota);
  expect(usableProcessors(root)).toBe(Math.min(availableParallelism(), Math.ceil(quota)));
});

test.each([
  [8, 0, 8],
  [8, 2, 6],
  [8, 6, 4],
  [2, 1, 1],
  [3, 8, 2],
  [1, 4, 1],
])('of %i processors beside %i workers the engine gets %i threads', (processors, workers, threads) => {
  expect(engineThreads(processors, workers)).toBe(threads);
});
