/** The memory of the worker processes, which a process's own figures leave out. */
import { readFileSync } from 'node:fs';

/** By which cnnzoo's worker programs are known: their first argument. */
const workerMark = 'cnnzoo-worker';

/** Bytes of memory that the worker processes of this one have; null where the system does not say (only Linux does). */
export function workerMemory(): number | null {
  let children: string;
  try {
    children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
  } catch {
    return null;
  }
  return children
    .split(' ')
    .filter((pid) => pid !== '')
    .reduce((sum, pid) => sum + memoryOf(pid), 0);
}

/** 0 for what is no worker, or has ended since. */
function memoryOf(pid: string): number {
  try {
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(workerMark)) return 0;
    return 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
