/** What each published package imports: as docs/architecture.md allows it, as its package.json says, and as its sources do. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import ts from 'typescript';

/** Names of packages without the scopes `@cnnzoo` and `@tensorflow`, as in the page's table. */
export type Imports = ReadonlySet<string>;

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const page = join(root, 'docs/architecture.md');

function shortName(name: string): string {
  return name.replace(/^@(?:cnnzoo|tensorflow)\//, '');
}

/** A row a package: "| `data` | what it holds | `transforms` | `tfjs-core`, `sharp` |". */
export function allowedImports(): Map<string, Imports> {
  const rows = readFileSync(page, 'utf8').matchAll(/^\| `([\w-]+)` +\|[^|]*\|([^|]*)\|([^|]*)\|$/gm);
  return new Map(
    [...rows].map(([, name = '', ours = '', others = '']) => [
      name,
      new Set([...`${ours} ${others}`.matchAll(/`([^`]+)`/g)].map(([, imported = '']) => imported)),
    ]),
  );
}

/** What npm installs for each package, and what it asks the app for; the optional peers of it alone where `optional` is true. */
export function declaredImports({ optional = false } = {}): Map<string, Imports> {
  return new Map(
    publishedPackages().map(({ name, folder }) => {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
      const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta = {} } = manifest;
      const declared = optional
        ? Object.keys(peerDependenciesMeta).filter((peer) => peerDependenciesMeta[peer]?.optional)
        : Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
      return [shortName(name), new Set(declared.map(shortName))];
    }),
  );
}

/** The sources that become part of a package: no tests, nothing that only tests use, and no files that it writes for others. */
export function publishedSources(folder: string): string[] {
  return readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter(
      (path) => path.endsWith('.ts') && !/\.test\.ts$|(?:^|\/)(?:fixtures|testing|differential|skeleton)\//.test(path),
    )
    .map((path) => join(folder, 'src', path))
    .sort();
}

/** The packages that the sources import, or import types of. */
export function importsOfSources(folder: string): Imports {
  const imported = publishedSources(folder).flatMap((path) =>
    ts.preProcessFile(readFileSync(path, 'utf8'), true, true).importedFiles.map(({ fileName }) => fileName),
  );
  const outside = imported.filter((specifier) => !/^\.|^node:/.test(specifier));
  return new Set(outside.map((specifier) => shortName(/^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier)));
}
