/** Files of strangers that ask for much: each gets an error that names it, in one process that may not grow. scripts/measure-hostile.ts measures. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { writeHostileFiles } from './hostile-files.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Files that are odd and small enough to be read: one tensor of 4 MiB. */
const readable = ['many-axes.h5', 'tiny-chunks.h5', 'widened-weights'];

test('hostile files of every format', () => {
  const fixtures = here('../fixtures/hostile');
  const paths = [...writeHostileFiles(folder), ...readdirSync(fixtures).map((name) => join(fixtures, name))];
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    ['--max-old-space-size=512', '--import', 'tsx', here('read-hostile.ts'), ...paths],
    { encoding: 'utf8', cwd: here('../..') },
  );
  expect(status, stderr).toBe(0);
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { path: string; result: string; length: number; megabytes: number });
  expect(lines.map(({ path }) => path)).toEqual(paths);
  for (const { path, result, length, megabytes } of lines) {
    if (!readable.some((name) => path.endsWith(name))) expect(result, path).toMatch(/^(Range|Type)?Error: /);
    if (result.includes('Error')) expect(result).toContain(path);
    expect(result).not.toMatch(/call stack|allocation|Cannot read|heap/);
    expect(length, path).toBeLessThan(1000);
    // Of all files until then, garbage included.
    expect(megabytes, path).toBeLessThan(500);
  }
});
