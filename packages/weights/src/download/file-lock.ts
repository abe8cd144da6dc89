/** A lock that processes hold by a file, so that only one of them downloads. */
import { nodeModule } from '@cnnzoo/files';

/** The holder touches the file this often, in milliseconds; a file that was not touched for `staleAfter` belongs to a dead process. */
const heartbeatInterval = 2_000;
const staleAfter = 15_000;
const pollInterval = 100;

/**
 * Runs `work` while holding the lock `path`, waiting for whoever holds it.
 * @param path of the lock file; its folder exists
 * @returns what `work` returns
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const fs = nodeModule('node:fs/promises');
  const { randomUUID } = nodeModule('node:crypto');
  const holder = `${process.pid} ${randomUUID()}\n`;
  for (;;) {
    try {
      await fs.writeFile(path, holder, { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isStale(path)) await removeStale(path);
    else await new Promise((resolve) => setTimeout(resolve, pollInterval));
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    // Not of what a link there names, which is another's file.
    fs.lutimes(path, now, now).catch(() => undefined);
  }, heartbeatInterval);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    // After a computer slept, others may have taken this process for dead, and the lock is theirs.
    if ((await fs.readFile(path, 'utf8').catch(() => null)) === holder) await fs.rm(path, { force: true });
  }
}

/**
 * Removes the lock of a dead process. Of several that found it stale only one may: the others would remove the lock that the first has
 * taken by then. So they take turns, by a lock of its own, and look again.
 */
async function removeStale(path: string): Promise<void> {
  const fs = nodeModule('node:fs/promises');
  await withFileLock(`${path}.takeover`, async () => {
    if (await isStale(path)) await fs.rm(path, { force: true });
  });
}

async function isStale(path: string): Promise<boolean> {
  const fs = nodeModule('node:fs/promises');
  try {
    // Of a dead process, too, where the lock is from the future: its holder would have touched it by now. A link that somebody has put
    // there counts by its own time: what it names may not exist, or be touched for ever.
    return Math.abs(Date.now() - (await fs.lstat(path)).mtimeMs) > staleAfter;
  } catch {
    // Released in the meantime.
    return false;
  }
}
