/** Finds the packages that an app may have installed for us: the optional peers. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface FoundPackage {
  readonly name: string;
  readonly version: string;
  /** Its folder, without symbolic links. */
  readonly folder: string;
}

/**
 * Folders from where an app's packages are looked for, the best first: this package's own (npm puts an app's packages above it, pnpm
 * links optional peers beside it), the program's, the one that the process runs in.
 */
export function appFolders(): string[] {
  // Not by its name: in an app's bundle this package is nowhere but in that file.
  const folders = [dirname(realpathSync(fileURLToPath(import.meta.url)))];
  const [, program] = process.argv;
  try {
    if (program !== undefined) folders.push(dirname(realpathSync(program)));
  } catch {
    // `node -e` and a REPL have no file.
  }
  folders.push(process.cwd());
  return [...new Set(folders)];
}

/**
 * Node's own resolution from a folder: it knows every layout of npm, pnpm and yarn, and yarn's Plug'n'Play where that is loaded. A
 * package whose `exports` hide its package.json is found by its main file.
 */
function manifestFrom(folder: string, name: string): string | null {
  const { resolve } = createRequire(join(folder, 'package.json'));
  try {
    return resolve(`${name}/package.json`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED')) return null;
  }
  let place = dirname(resolve(name));
  while (!existsSync(join(place, 'package.json'))) place = dirname(place);
  return join(place, 'package.json');
}

/**
 * The first package of this name that Node finds from one of the folders, or null. Nothing of it is loaded.
 * @throws Error where its package.json cannot be read
 */
export function findPackage(name: string, folders: readonly string[]): FoundPackage | null {
  for (const folder of folders) {
    const manifest = manifestFrom(folder, name);
    if (manifest === null) continue;
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version?: unknown };
    return { name, version: String(version), folder: realpathSync(dirname(manifest)) };
  }
  return null;
}
