/**
 * Reads each hostile file in a process of its own with --max-old-space-size=512: npx tsx scripts/measure-hostile.ts [FILE…]. Prints what it
 * took, and fails where that is more than 2 s of processor time or 300 MB, or an error that does not name the file. Without arguments: those of
 * src/testing/hostile-files.ts and src/fixtures/hostile.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeHostileFiles } from '../src/testing/hostile-files.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-hostile-'));
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const fixtures = here('../src/fixtures/hostile');
const given = process.argv.slice(2);
const paths =
  given.length > 0
    ? given
    : [...writeHostileFiles(folder), ...readdirSync(fixtures).map((name) => join(fixtures, name))];
let failed = 0;
for (const path of paths) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--max-old-space-size=512', '--import', 'tsx', here('../src/testing/read-hostile.ts'), path],
    { encoding: 'utf8', timeout: 120_000 },
  );
  const line = stdout.split('\n').find((text) => text.startsWith('{'));
  if (status !== 0 || line === undefined) {
    console.log(`FAILED ${basename(path)}: exit ${status} ${stderr.slice(0, 300)}`);
    failed++;
    continue;
  }
  const { result, seconds, megabytes } = JSON.parse(line) as { result: string; seconds: number; megabytes: number };
  const named = result.includes(path) || /^\d+ tensors$/.test(result);
  const bad = seconds > 2 || megabytes > 300 || !named;
  if (bad) failed++;
  console.log(
    `${bad ? 'FAILED ' : ''}${basename(path)}: ${seconds.toFixed(2)} s, ${megabytes.toFixed(0)} MB, ${result.replace(path, '…').slice(0, 150)}`,
  );
}
rmSync(folder, { recursive: true });
console.log(`${paths.length} files, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
