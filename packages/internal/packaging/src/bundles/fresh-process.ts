import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

// Inside the package, so that what a program imports is found as an app's packages are.
const parent = join(import.meta.dirname, '../../.programs');

/** A folder of its own for a test's programs and files; `remove` it afterwards. */
export function programFolder(): { readonly path: string; remove(): void } {
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, 'test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * Runs an ES module in a process of its own and returns what it prints.
 * @throws where the process ends with an error; the message has what it printed there
 */
export async function runFresh(folder: string, name: string, code: string): Promise<string> {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, code);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder, timeout: 250_000 });
  return stdout;
}
