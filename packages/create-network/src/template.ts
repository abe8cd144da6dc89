/** The files that lie in this package as they are written, but for names in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The build puts them beside what Node resolves the package to. */
const dist = () => dirname(createRequire(import.meta.url).resolve('@cnnzoo/create-network'));

/** The version of this package, and of all that were released with it. */
export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(dist(), '../package.json'), 'utf8')) as { version: string };
  return version;
}

/** The texts of the template by path, with forward slashes. A leading underscore is a dot, which npm would leave out of a package. */
export function templateFiles(): Map<string, string> {
  const folder = join(dist(), 'template');
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return new Map(
    paths
      .sort()
      .map((path) => [
        path.replaceAll('\\', '/').replace(/^_|(?<=\/)_/, '.'),
        readFileSync(join(folder, path), 'utf8'),
      ]),
  );
}

/**
 * The text of a licence by its SPDX name. No path in the package has "license" in it: pnpm would take such a file for the package's own licence, and leave out
 * the workspace's when it packs.
 */
export function licenseText(license: string): string {
  return readFileSync(join(dist(), 'terms', `${license === 'UNLICENSED' ? 'none' : license}.txt`), 'utf8');
}
