/** Releases every package as `pnpm release:snapshot` does, from a copy of the workspace, to the registry on this machine. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import { packageManagers } from './package-managers.js';
import { cleanEnvironment, patience, run } from './run.js';

export interface Release {
  /** The one version of all packages. */
  readonly version: string;
  readonly packages: readonly string[];
}

export interface ReleaseOptions {
  /** A folder for the copy; is made. */
  readonly folder: string;
  readonly registry: string;
  /** The dist-tag, such as 'snapshot'. */
  readonly tag: string;
}

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly [field: string]: unknown;
}

function readPackage(folder: string): PackageJson {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

const changesets = join(dirname(createRequire(import.meta.url).resolve('@changesets/cli/package.json')), 'bin.js');

/** @throws Error with what changesets printed where a step fails, or the packages do not all get one version */
export async function release({ folder, registry, tag }: ReleaseOptions): Promise<Release> {
  const copies = copyWorkspace(folder);
  const environment = publishingEnvironment(folder, registry);
  const step = (program: string, ...args: string[]) => run(program, args, { folder, environment, timeout: patience });
  await step('git', 'init', '--quiet', '--initial-branch=main');
  await step('git', 'add', '.');
  await step('git', 'commit', '--quiet', '--message=Copy');
  await step(process.execPath, changesets, 'version', '--snapshot', tag);
  await step(process.execPath, changesets, 'publish', '--tag', tag, '--no-git-tag');
  const versions = new Set([...copies.values()].map((copy) => readPackage(copy).version));
  const [version] = versions;
  if (version === undefined || versions.size !== 1)
    throw new Error(`the packages of one release have the versions ${[...versions].join(', ')}, expected one`);
  return { version, packages: [...copies.keys()] };
}

function publishingEnvironment(folder: string, registry: string): NodeJS.ProcessEnv {
  const home = join(folder, '.home');
  const environment = cleanEnvironment({
    home,
    variables: {
      npm_config_registry: registry,
      GIT_AUTHOR_NAME: 'cnnzoo',
      GIT_AUTHOR_EMAIL: 'cnnzoo@localhost',
      GIT_COMMITTER_NAME: 'cnnzoo',
      GIT_COMMITTER_EMAIL: 'cnnzoo@localhost',
    },
  });
  // Any token does: the registry lets anyone publish, but npm wants to have one. Not by a variable, whose name a shell would not hand on.
  writeFileSync(join(home, '.npmrc'), `${registry.replace(/^http:/, '')}:_authToken=anyone\n`);
  return { ...environment, PATH: [folderOfPnpm(folder), environment['PATH']].join(delimiter) };
}

/** Changesets starts `pnpm` by its name, and a machine may have none, because npx runs the workspace's. */
function folderOfPnpm(folder: string): string {
  const programs = join(folder, '.programs');
  const { program } = packageManagers['pnpm 10'];
  mkdirSync(programs, { recursive: true });
  writeFileSync(join(programs, 'pnpm'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, { mode: 0o755 });
  writeFileSync(join(programs, 'pnpm.cmd'), `@"${process.execPath}" "${program}" %*\r\n`);
  return programs;
}

/**
 * Publishes one package of a release again without a file, under a later version that the ranges of the others accept.
 * @param folder the release's
 * @param file such as 'dist/index.cjs'
 */
export async function publishWithout(
  file: string,
  { folder, registry, tag, packageName }: ReleaseOptions & { readonly packageName: string },
): Promise<void> {
  const copy = publishedPackages().find(({ name }) => name === packageName);
  if (copy === undefined) throw new RangeError(`packageName is ${packageName}, expected a published one`);
  const broken = join(folder, 'packages', basename(copy.folder));
  const manifest = readPackage(broken);
  writeFileSync(join(broken, 'package.json'), JSON.stringify({ ...manifest, version: `${manifest.version}-${tag}` }));
  rmSync(join(broken, file));
  await run(process.execPath, [packageManagers['pnpm 10'].program, 'publish', '--tag', tag, '--no-git-checks'], {
    folder: broken,
    environment: publishingEnvironment(folder, registry),
    timeout: patience,
  });
}

/** Copies what releasing reads. The names of the published packages and the folders of their copies. */
function copyWorkspace(folder: string): Map<string, string> {
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'pnpm-workspace.yaml', 'LICENSE', '.gitignore', '.changeset'])
    cpSync(join(root, file), join(folder, file), { recursive: true });
  // After a release there are no changes to release: this one makes sure of some.
  const published = publishedPackages();
  writeFileSync(
    join(folder, '.changeset/end-to-end.md'),
    `---\n${published.map(({ name }) => `"${name}": patch\n`).join('')}---\n\nTested end to end.\n`,
  );
  const folders = new Map<string, string>();
  for (const group of ['packages', 'packages/internal', 'examples'])
    for (const name of readdirSync(join(root, group))) {
      const from = join(root, group, name);
      if (!existsSync(join(from, 'package.json'))) continue;
      const manifest = readPackage(from);
      const to = join(folder, group, name);
      folders.set(manifest.name, to);
      if (manifest.private) {
        mkdirSync(to, { recursive: true });
        cpSync(join(from, 'package.json'), join(to, 'package.json'));
      } else {
        const skipped = new Set(['node_modules', '.turbo']);
        cpSync(from, to, { recursive: true, filter: (path) => !skipped.has(basename(path)) });
      }
    }
  // pnpm reads the versions behind "workspace:" where an install would have linked them.
  for (const to of folders.values()) {
    const { dependencies, devDependencies, peerDependencies } = readPackage(to) as Partial<
      Record<string, Record<string, string>>
    >;
    for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies, ...peerDependencies })) {
      const target = folders.get(name);
      if (!range.startsWith('workspace:') || target === undefined) continue;
      const link = join(to, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(target, link, 'junction');
    }
  }
  return new Map(published.map(({ name }) => [name, folders.get(name) ?? '']));
}
