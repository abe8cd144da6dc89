/**
 * Reads each hostile file in a process of its own with --max-old-space-size=512: `pnpm --filter @cnnzoo/data hostile [FILE…]`. Prints what it
 * took, and fails where that is more than 2 s of processor time or 300 MB, or an error that does not name the file.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeHostileFiles } from './write-hostile-files.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-hostile-'));
const given = process.argv.slice(2);
const paths = given.length > 0 ? given : writeHostileFiles(folder);
const program = fileURLToPath(new URL('read-hostile.ts', import.meta.url));
let failed = 0;
for (const path of paths) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--max-old-space-size=512', '--import', 'tsx', program, path],
    { encoding: 'utf8', timeout: 300_000 },
  );
  const line = stdout.split('\n').find((each) => each.startsWith('{'));
  if (status !== 0 || line === undefined) {
    failed++;
    console.log(`FAILED ${basename(path)}: exit ${status} ${stderr.slice(0, 300)}`);
    continue;
  }
  const { result, named, seconds, megabytes } = JSON.parse(line) as {
    result: string;
    named: boolean;
    seconds: number;
    megabytes: number;
  };
  const bad = seconds > 2 || megabytes > 300 || (result.includes('Error') && !named);
  if (bad) failed++;
  console.log(
    `${bad ? 'FAILED ' : ''}${basename(path)}: ${seconds.toFixed(2)} s, ${megabytes.toFixed(0)} MB, ${result.replaceAll(path, '…').slice(0, 160)}`,
  );
}
rmSync(folder, { recursive: true });
console.log(`${paths.length} files, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
