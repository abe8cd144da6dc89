/** Which Markdown file of the repository becomes which page of the site. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';

/** Where the sources are seen by people. */
export const repository = 'https://github.com/cnnzoo/cnnzoo';

/** Folder of this package, from the repository's root. */
export const sitePackage = 'packages/internal/site';

/** Files below `folder`, as paths from the repository's root with forward slashes. */
function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith(ending))
    .sort();
}

function readmes(folder: string): string[] {
  return readdirSync(join(root, folder))
    .map((name) => `${folder}/${name}/README.md`)
    .filter((path) => existsSync(join(root, path)));
}

/** From a file's path in the repository to its path in the site, both with `.md`. */
export function sitePages(): Map<string, string> {
  return new Map([
    ...filesBelow(`${sitePackage}/pages`, '.md').map((path) => [path, path.slice(sitePackage.length + 7)] as const),
    ['README.md', 'overview.md'],
    ['CONTRIBUTING.md', 'contributing.md'],
    ['SECURITY.md', 'security.md'],
    ...filesBelow('docs', '.md').map((path) => [path, path.slice(5)] as const),
    ...[...readmes('packages'), ...readmes('examples')].map(
      (path) => [path, path.replace(/\/README\.md$/, '.md')] as const,
    ),
  ]);
}
