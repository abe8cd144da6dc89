import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimFolder } from './folder-owner.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnnzoo-owner-'));
});
afterEach(() => rm(folder, { recursive: true }));

const id = '01234567-89ab-cdef-0123-456789abcdef';
const claim = (fields: object) =>
  writeFile(
    join(folder, `owner-${id}.json`),
    JSON.stringify({ host: hostname(), pid: process.pid, started: null, state: 'owner', ...fields }),
  );

test('one at a time; given back, it is free', async () => {
  const owner = await claimFolder(folder);
  await owner.check();
  await expect(claimFolder(folder)).rejects.toThrow(
    `${folder} is being trained into by process ${process.pid} on ${hostname()}: take another folder`,
  );
  await owner.check();
  await owner.release();
  await expect(owner.check()).rejects.toThrow('is no longer owned by this run');
  await (await claimFolder(folder)).release();
  expect(await readdir(folder)).toEqual([]);
});

test('of many that begin together at most one has it, and one gets it after a dead one', async () => {
  for (let round = 0; round < 10; round++) {
    await claim({ pid: 2 ** 22 + 1 });
    const owners = (await Promise.allSettled(Array.from({ length: 4 }, () => claimFolder(folder)))).flatMap((result) =>
      result.status === 'fulfilled' ? [result.value] : [],
    );
    expect(owners).toHaveLength(1);
    for (const owner of owners) await owner.release();
    expect(await readdir(folder)).toEqual([]);
  }
});

test('a process that has ended owns nothing, also where another one has its id now', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  await claim({ pid: child.pid });
  await (await claimFolder(folder)).release();
  // This process lives, but did not start then.
  await claim({ started: '1' });
  if (process.platform === 'linux') await (await claimFolder(folder)).release();
  // What a power cut left of a claim.
  await writeFile(join(folder, `owner-${id}.json`), '');
  await (await claimFolder(folder)).release();
  expect(await readdir(folder)).toEqual([]);
});

test('on another machine it owns until it is silent for five minutes', async () => {
  await claim({ host: 'elsewhere' });
  await expect(claimFolder(folder)).rejects.toThrow(`by process ${process.pid} on elsewhere`);
  const longAgo = new Date(Date.now() - 301_000);
  await utimes(join(folder, `owner-${id}.json`), longAgo, longAgo);
  await (await claimFolder(folder)).release();
});
