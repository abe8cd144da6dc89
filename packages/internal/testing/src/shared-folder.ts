/** The folder `shared` of large test data beside the repository. Users have only the repository: tests on the data are skipped then. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const sharedFolder = resolve(fileURLToPath(new URL('.', import.meta.url)), '../../../../../shared');

/**
 * The path of a file of the test data, or null, with a printed line, where the data is not on this machine.
 * Use it as `const file = sharedFile('data/x.zip'); test.skipIf(file === null)(...)`.
 * @throws Error where `CI` is set and the folder is there without the file: continuous integration skips no test whose data it has
 */
export function sharedFile(path: string, folder: string = sharedFolder): string | null {
  const file = join(folder, path);
  if (existsSync(file)) return file;
  if (process.env['CI'] && existsSync(folder))
    throw new Error(`${file} is missing, although CI is set and ${folder} is there: restore the file`);
  console.log(`skipped: ${file} is not on this machine`);
  return null;
}
