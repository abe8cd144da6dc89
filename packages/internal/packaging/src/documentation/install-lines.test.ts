/** A newcomer pastes a README's install line and then its first program: the line brings all that the program needs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import { expect, test } from 'vitest';

interface Manifest {
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const published = publishedPackages();
const readmes = [join(root, 'README.md'), ...published.map(({ folder }) => join(folder, 'README.md'))];

/** The peers that an app must install beside a package of ours. */
function requiredPeers(name: string): string[] {
  const folder = published.find((candidate) => candidate.name === name)?.folder;
  if (folder === undefined) return [];
  const { peerDependencies = {}, peerDependenciesMeta = {} } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as Manifest;
  return Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta[peer]?.optional);
}

/** The packages that a program imports, and those in whose folder it reads. */
function needs(program: string): string[] {
  const imported = [...program.matchAll(/(?:from |^import )'((?:@[\w-]+\/)?[\w-]+)[^:']*'/gm)].map(
    ([, name = '']) => name,
  );
  const read = [...program.matchAll(/node_modules\/((?:@[\w-]+\/)?[\w-]+)/g)].map(([, name = '']) => name);
  return [...new Set([...imported, ...read])].filter((name) => name !== 'node');
}

test.each(readmes)('%s: the install line brings what the first program needs', (path) => {
  const text = readFileSync(path, 'utf8');
  const [, before = '', program = ''] = /^(.*?)^```ts\n(.*?)^```/ms.exec(text) ?? [];
  const [, line = ''] = /^npm install ([^#\n]+)/m.exec(before) ?? [];
  const installed = line.trim().split(/\s+/);
  expect(program).not.toBe('');
  expect(needs(program).filter((name) => !installed.includes(name))).toEqual([]);
  // npm installs peers by itself, yarn and pnpm do not.
  expect(installed.flatMap(requiredPeers).filter((name) => !installed.includes(name))).toEqual([]);
});
