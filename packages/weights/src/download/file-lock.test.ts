import type { PathLike } from 'node:fs';
import {
  existsSync,
  lutimesSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { withFileLock } from './file-lock.js';

/** What happens around the lock's calls to the file system, for tests in which another process comes in between. */
const around = {
  afterStat: async () => {},
  afterRefusal: (_path: unknown) => {},
};

beforeAll(() => {
  const { lstat, writeFile } = { ...fs };
  vi.spyOn(fs, 'lstat').mockImplementation((async (path: PathLike) => {
    const found = await lstat(path);
    await around.afterStat();
    return found;
  }) as typeof fs.lstat);
  vi.spyOn(fs, 'writeFile').mockImplementation(async (...call) => {
    await writeFile(...call).catch((error: unknown) => {
      around.afterRefusal(call[0]);
      throw error;
    });
  });
});
afterAll(() => vi.restoreAllMocks());

let folder = '';
let lock = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnnzoo-lock-'));
  lock = join(folder, 'a.lock');
});
afterEach(() => {
  around.afterStat = async () => {};
  around.afterRefusal = () => {};
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function leaveBehind(path: string): void {
  writeFileSync(path, '');
  utimesSync(path, new Date(0), new Date(0));
}

function signal(): { readonly given: Promise<void>; give(): void } {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}

test('of two that found the same stale lock, one works and the other waits', async () => {
  leaveBehind(lock);
  const [slowFoundItStale, slowGoesOn, slowIsRefused, slowWorks] = [signal(), signal(), signal(), signal()];
  const done: string[] = [];

  around.afterStat = async () => {
    around.afterStat = async () => {};
    slowFoundItStale.give();
    await slowGoesOn.given;
  };
  const slow = withFileLock(lock, async () => {
    slowWorks.give();
    done.push('slow');
  });
  await slowFoundItStale.given;

  const fast = withFileLock(lock, async () => {
    around.afterRefusal = (path) => path === lock && slowIsRefused.give();
    slowGoesOn.give();
    await Promise.race([slowIsRefused.given, slowWorks.given]);
    done.push('fast');
  });
  await Promise.all([slow, fast]);
  expect(done).toEqual(['fast', 'slow']);
  expect(readdirSync(folder)).toEqual([]);
});

test('a process that died while it took a lock over does not block it', async () => {
  leaveBehind(lock);
  leaveBehind(`${lock}.takeover`);
  expect(await withFileLock(lock, async () => readdirSync(folder))).toEqual(['a.lock']);
  expect(readdirSync(folder)).toEqual([]);
});

test('whoever was taken for dead leaves the lock to its new holder', async () => {
  // No heartbeat, as in a computer that sleeps.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const [nextWorks, nextMayEnd] = [signal(), signal()];
  let next = Promise.resolve();
  await withFileLock(lock, async () => {
    utimesSync(lock, new Date(0), new Date(0));
    next = withFileLock(lock, async () => {
      nextWorks.give();
      await nextMayEnd.given;
    });
    await nextWorks.given;
  });
  expect(existsSync(lock)).toBe(true);
  nextMayEnd.give();
  await next;
  expect(readdirSync(folder)).toEqual([]);
});

test('a lock from the future, left by a process whose clock was ahead, ends', async () => {
  writeFileSync(lock, '');
  const ahead = new Date(Date.now() + 3_600_000);
  utimesSync(lock, ahead, ahead);
  expect(await withFileLock(lock, async () => readdirSync(folder))).toEqual(['a.lock']);
});

test.each(['something', 'nothing'])('a link to %s, put where the lock is, ends, and is not followed', async (to) => {
  const victim = join(folder, 'victim');
  // What it names is as new as a lock that is held.
  if (to === 'something') writeFileSync(victim, 'mine');
  symlinkSync(victim, lock);
  lutimesSync(lock, new Date(0), new Date(0));
  expect(await withFileLock(lock, async () => readdirSync(folder))).toContain('a.lock');
  expect(to === 'something' ? readFileSync(victim, 'utf8') : existsSync(victim)).toBe(
    to === 'something' ? 'mine' : false,
  );
  expect(existsSync(lock)).toBe(false);
});
