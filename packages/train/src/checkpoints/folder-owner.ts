/**
 * Who trains into a folder: a process says so by a file owner-ID.json in it. No process ever changes or removes the file of one that
 * lives, so none can be pushed aside by another that looked at the wrong moment: each writes its own first, then looks for others.
 */
import { nodeModule, writeAtomically } from '@cnnzoo/files';

/** A folder that this process owns. */
interface FolderOwner {
  /** @throws Error where the folder is no longer this process's, such as after the machine slept for long */
  check(): Promise<void>;
  /** Gives the folder back. */
  release(): Promise<void>;
}

interface Claim {
  readonly host: string;
  readonly pid: number;
  /** When the process started, as Linux says it: another process may get the same id later. Null elsewhere. */
  readonly started: string | null;
  /** Others give way to an owner. Of two that are looking, both step back and try again. */
  readonly state: 'looking' | 'owner';
}

const claimPattern = /^owner-[0-9a-f-]{36}\.json$/;

/** An owner touches its file this often, in milliseconds. */
const heartbeat = 30_000;
/** Processes of other machines cannot be looked at: one that has not touched its file for this many milliseconds is gone. */
const silence = 10 * heartbeat;
/** Steps back before others that look, too, are taken for an owner. Each wait is random, from 20 to 200 milliseconds. */
const attempts = 30;

/**
 * Takes a folder for this run, from a process that has died, too.
 * @throws Error naming host and process id of the one that trains into it
 */
export async function claimFolder(folder: string): Promise<FolderOwner> {
  const { rm, stat, utimes } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  const { randomUUID } = nodeModule('node:crypto');
  const own: Omit<Claim, 'state'> = {
    host: nodeModule('node:os').hostname(),
    pid: process.pid,
    started: startOf(process.pid),
  };
  const name = `owner-${randomUUID()}.json`;
  const path = join(folder, name);
  const write = (state: Claim['state']) => writeAtomically(path, `${JSON.stringify({ ...own, state })}\n`);
  try {
    for (let attempt = 1; ; attempt++) {
      await write('looking');
      const others = await livingClaims(folder, name, own.host);
      const [other] = others;
      if (other === undefined) break;
      await rm(path, { force: true });
      if (attempt >= attempts || others.some(({ state }) => state === 'owner'))
        throw new Error(
          `${folder} is being trained into by process ${other.pid} on ${other.host}: take another folder, or end that run first`,
        );
      await new Promise((resolve) => setTimeout(resolve, 20 + 180 * Math.random()));
    }
    await write('owner');
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, heartbeat);
  timer.unref();
  return {
    async check() {
      await stat(path).catch((cause) => {
        throw new Error(`${folder} is no longer owned by this run: ${name} in it is gone`, { cause });
      });
    },
    async release() {
      clearInterval(timer);
      await rm(path, { force: true });
    },
  };
}

/** The claims of other processes that live. Those of dead ones are removed. */
async function livingClaims(folder: string, ownName: string, ownHost: string): Promise<Claim[]> {
  const { readdir, rm, stat } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  const living: Claim[] = [];
  // Both times are the folder's, so clocks of two machines need not agree.
  const now = (await stat(join(folder, ownName))).mtimeMs;
  for (const name of await readdir(folder)) {
    if (name === ownName || !claimPattern.test(name)) continue;
    const path = join(folder, name);
    const touched = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => null,
    );
    const claim = await readClaim(path);
    // Given back in the meantime.
    if (touched === null || claim === null) continue;
    const lives =
      claim !== 'damaged' && (claim.host === ownHost ? processLives(claim) : Math.abs(now - touched) < silence);
    if (lives) living.push(claim);
    else await rm(path, { force: true });
  }
  return living;
}

/** Null where there is no such file. A damaged one is what a power cut left: it was never synced as a whole. */
async function readClaim(path: string): Promise<Claim | 'damaged' | null> {
  let text: string;
  try {
    text = await nodeModule('node:fs/promises').readFile(path, 'utf8');
  } catch {
    return null;
  }
  try {
    const claim: unknown = JSON.parse(text);
    return isClaim(claim) ? claim : 'damaged';
  } catch {
    return 'damaged';
  }
}

function isClaim(value: unknown): value is Claim {
  const claim = value as Partial<Claim> | null;
  return (
    typeof claim?.host === 'string' &&
    Number.isSafeInteger(claim.pid) &&
    Number(claim.pid) > 0 &&
    (claim.started === null || typeof claim.started === 'string') &&
    (claim.state === 'looking' || claim.state === 'owner')
  );
}

function processLives({ pid, started }: Claim): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process may be seen, but not signalled.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return started === startOf(pid);
}

/** Field 22 of Linux's /proc/PID/stat: clock ticks from the start of the machine to that of the process. A zombie no longer runs. */
function startOf(pid: number): string | null {
  try {
    const text = nodeModule('node:fs').readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may have blanks and brackets in it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
