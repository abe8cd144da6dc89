/** The folder of large test data beside the repository. Users have only the repository: tests on it are skipped without it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = resolve(fileURLToPath(new URL('.', import.meta.url)), '../../../../../shared');

/**
 * The path of a file of the test data, or null, with a printed line, where it is missing.
 * Use it as `const file = sharedFile('data/x.zip'); test.skipIf(file === null)(...)`.
 */
export function sharedFile(path: string): string | null {
  const file = join(folder, path);
  if (existsSync(file)) return file;
  console.log(`skipped: ${file} is not on this machine`);
  return null;
}
