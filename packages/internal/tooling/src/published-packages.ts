/** The packages of the workspace that are published, as their package.json describes them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = fileURLToPath(new URL('../../../..', import.meta.url));

export interface PublishedPackage {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  readonly sideEffects: boolean | readonly string[];
  readonly entries: readonly Entry[];
}

export interface Entry {
  /** What a user imports, such as '@cnnzoo/blocks/register'. */
  readonly specifier: string;
  /** src/NAME.ts, absolute. */
  readonly source: string;
  /** dist/NAME.js, absolute. */
  readonly module: string;
  /** dist/NAME.d.ts, absolute. */
  readonly types: string;
}

interface PackageJson {
  readonly name: string;
  readonly private?: boolean;
  readonly sideEffects?: boolean | readonly string[];
  readonly exports?: Readonly<Record<string, unknown>>;
}

/** All of them, by name. */
export function publishedPackages(): PublishedPackage[] {
  const folders = readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name))
    .filter((folder) => existsSync(join(folder, 'package.json')));
  return folders.flatMap((folder) => {
    const json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
    if (json.private) return [];
    const subpaths = Object.keys(json.exports ?? {}).filter((subpath) => !subpath.endsWith('.json'));
    return [
      {
        name: json.name,
        folder,
        sideEffects: json.sideEffects ?? true,
        entries: subpaths.map((subpath) => {
          const name = subpath === '.' ? 'index' : subpath.slice(2);
          return {
            specifier: join(json.name, subpath).replaceAll('\\', '/'),
            source: join(folder, 'src', `${name}.ts`),
            module: join(folder, 'dist', `${name}.js`),
            types: join(folder, 'dist', `${name}.d.ts`),
          };
        }),
      },
    ];
  });
}

export interface SourcePackage {
  readonly name: string;
  /** src/index.ts, absolute. */
  readonly source: string;
}

/** The private packages whose code and types become part of those that use them: the ones that say that they have no side effects. */
export function sourcePackages(): SourcePackage[] {
  const parent = join(root, 'packages/internal');
  return readdirSync(parent)
    .map((name) => join(parent, name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .flatMap((folder) => {
      const { name, sideEffects } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
      return sideEffects === false ? [{ name, source: join(folder, 'src/index.ts') }] : [];
    });
}
