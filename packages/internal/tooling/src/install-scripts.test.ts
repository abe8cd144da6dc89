/** What runs on a user's machine when they install our packages: only scripts that SECURITY.md lists. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { publishedPackages, root } from './published-packages.js';

interface Manifest {
  readonly name: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** What npm runs for a package that comes from a registry. */
const installSteps = ['preinstall', 'install', 'postinstall'] as const;

interface Installed {
  readonly name: string;
  /** The scripts that npm runs, such as `install: node src/cnoke.js`. */
  readonly scripts: readonly string[];
}

function scriptsOf(folder: string, { scripts = {} }: Manifest): string[] {
  const written = installSteps.flatMap((step) => (scripts[step] === undefined ? [] : `${step}: ${scripts[step]}`));
  // npm builds an addon by itself where there is a binding.gyp and no script that does.
  const implied = existsSync(join(folder, 'binding.gyp')) && written.length === 0 ? ['install: node-gyp rebuild'] : [];
  return [...written, ...implied];
}

/** The folder of a package as Node finds it from another, or null: an optional one for another system. */
function locate(name: string, from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (folder === dirname(folder)) return null;
  }
}

/** All that an app gets with packages in `folders`: they, their dependencies and peers, and so on. */
function installedWith(folders: readonly string[]): Map<string, Installed> {
  const found = new Map<string, Installed>();
  const left = [...folders];
  for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
    if (found.has(folder)) continue;
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    found.set(folder, { name: manifest.name, scripts: scriptsOf(folder, manifest) });
    const names = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies };
    for (const name of Object.keys(names)) left.push(...[locate(name, folder) ?? []].flat());
  }
  return found;
}

const ours = publishedPackages();
const installed = installedWith(ours.map(({ folder }) => realpathSync(folder)));

test('no package of ours runs a script when it is installed', () => {
  const names = new Set(ours.map(({ name }) => name));
  const own = [...installed.values()].filter(({ name }) => names.has(name));
  expect(own.length).toBe(ours.length);
  expect(own.filter(({ scripts }) => scripts.length > 0)).toEqual([]);
});

test('SECURITY.md lists the dependencies that run one, and no other', () => {
  const names = [...installed.values()].map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['@tensorflow/tfjs-core', 'onnxruntime-node', 'sharp', 'seedrandom']));
  const running = [...installed.values()].filter(({ scripts }) => scripts.length > 0);
  const table = [...readFileSync(join(root, 'SECURITY.md'), 'utf8').matchAll(/^\| `([^`]+)` +\| `([^`]+)`/gm)];
  const listed = table.map(([, name, script]) => `${name}, ${script}`);
  expect(running.map(({ name, scripts }) => `${name}, ${scripts.join('; ')}`).sort()).toEqual(listed.sort());
});

test('a script in a dependency of a dependency, and an addon without one, are seen', () => {
  expect(scriptsOf('/', { name: 'x', scripts: { postinstall: 'node steal.js', test: 'vitest' } })).toEqual([
    'postinstall: node steal.js',
  ]);
  const deep = [...installed.values()].find(({ name }) => name === 'protobufjs');
  expect(deep?.scripts).toHaveLength(1);
});
