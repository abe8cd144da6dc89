/** How many processors this process may use, with the limits of a container. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/** A group's folder and those above it: a limit holds for all groups below. */
function foldersUpwards(mount: string, group: string): string[] {
  const folders = [join(mount, group)];
  for (let path = group; path !== '/' && path !== '.'; ) {
    path = dirname(path);
    folders.push(join(mount, path));
  }
  return folders;
}

/** Processors' worth of time in `cpu.max` of version 2: `max 100000` or `150000 100000`. */
function quotaOfVersion2(folder: string): number {
  const [quota, period] = (read(join(folder, 'cpu.max')) ?? '').split(' ').map(Number);
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : Infinity;
}

/** Version 1 has two files, and a quota of -1 where there is no limit. */
function quotaOfVersion1(folder: string): number {
  const quota = Number(read(join(folder, 'cpu.cfs_quota_us')));
  const period = Number(read(join(folder, 'cpu.cfs_period_us')));
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

/**
 * The processor time that this process's control groups allow, in processors; Infinity where there is no limit. Node's
 * `availableParallelism()` does not look at it before Node 22.
 * @param root where `proc` and `sys` are
 */
export function processorQuota(root = '/'): number {
  let quota = Infinity;
  // A line is `0::/group` in version 2, and `4:cpu,cpuacct:/group` in version 1.
  for (const line of (read(join(root, 'proc/self/cgroup')) ?? '').split('\n')) {
    const [id, controllers = '', group = '/'] = line.split(':');
    if (id === '0' && controllers === '') {
      for (const mount of ['sys/fs/cgroup', 'sys/fs/cgroup/unified'])
        for (const folder of foldersUpwards(join(root, mount), group)) quota = Math.min(quota, quotaOfVersion2(folder));
    } else if (controllers.split(',').includes('cpu')) {
      for (const mount of ['cpu', controllers])
        for (const folder of foldersUpwards(join(root, 'sys/fs/cgroup', mount), group))
          quota = Math.min(quota, quotaOfVersion1(folder));
    }
  }
  return quota;
}

/**
 * Processors that this process may use: those of its affinity mask, or fewer where a control group limits its time.
 * @param root where `proc` and `sys` are
 * @returns an integer of at least 1
 */
export function usableProcessors(root = '/'): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(processorQuota(root))));
}

/**
 * Threads for an engine beside a data loader's workers. The workers wait when they are ahead, so at least half of the processors are
 * the engine's.
 */
export function engineThreads(processors: number, loaderWorkers: number): number {
  return Math.max(1, processors - loaderWorkers, Math.ceil(processors / 2));
}
