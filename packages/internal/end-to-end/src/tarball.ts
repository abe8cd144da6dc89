/** What a package's tarball holds, and what is wrong with it. */
import { isBuiltin } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { list } from 'tar';

export interface Tarball {
  readonly manifest: Manifest;
  /** Contents by path inside the package. */
  readonly files: ReadonlyMap<string, string>;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main?: string;
  readonly module?: string;
  readonly types?: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Exports;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Exports = string | null | { readonly [condition: string]: Exports };

/** Downloads what a registry has under a version or dist-tag. */
export async function fetchTarball(registry: string, packageName: string, version: string): Promise<Tarball> {
  const answer = await fetch(`${registry}${packageName.replace('/', '%2f')}/${version}`);
  if (!answer.ok) throw new Error(`${packageName}@${version}: the registry answers ${answer.status}`);
  const { dist } = (await answer.json()) as { dist: { tarball: string } };
  const bytes = Buffer.from(await (await fetch(dist.tarball)).arrayBuffer());
  const files = new Map<string, string>();
  const pending: Promise<void>[] = [];
  const parser = list({
    onReadEntry: (entry) => {
      if (entry.type === 'File')
        pending.push(
          entry.concat().then((content) => {
            files.set(entry.path.replace(/^package\//, ''), content.toString('utf8'));
          }),
        );
      else entry.resume();
    },
  });
  await new Promise<void>((resolve, reject) => {
    parser.on('end', resolve).on('error', reject);
    parser.end(bytes);
  });
  await Promise.all(pending);
  return { manifest: JSON.parse(files.get('package.json') ?? '{}') as Manifest, files };
}

const required = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];
const built = /^dist\/[\w./-]+(\.js|\.cjs|\.d\.ts|\.d\.cts|\.js\.map|\.cjs\.map|\.schema\.json)$/;

/** Files that a package has beside what is built, as they stand in its sources. */
const copied: Readonly<Record<string, RegExp>> = {
  // The files of the package that it makes.
  '@cnnzoo/create-network': /^dist\/(template|terms)\//,
  // The program that goes with a network.
  '@cnnzoo/handover': /^dist\/\w+\.py$/,
  // The page, and what deploys a server.
  '@cnnzoo/serve': /^dist\/(page\/page\.(js|css)|page\/index\.html|deploy\/(Containerfile|[\w./-]+\.(ya?ml|json)))$/,
};

/** One line for each thing that should not be. */
export function tarballProblems({ manifest, files }: Tarball): string[] {
  const problems: string[] = [];
  for (const file of required) if (!files.has(file)) problems.push(`${file} is missing`);
  const isCopied = (file: string) => copied[manifest.name]?.test(file) === true;
  for (const file of files.keys())
    if (!required.includes(file) && !built.test(file) && !isCopied(file))
      problems.push(`${file} does not belong into a package`);

  const targets = [manifest.main, manifest.module, manifest.types, ...Object.values(manifest.bin ?? {})];
  for (const target of [...targets, ...exportTargets(manifest.exports ?? null)])
    if (target !== undefined && !files.has(posix.normalize(target)))
      problems.push(`package.json names ${target}, which is missing`);

  for (const script of ['preinstall', 'install', 'postinstall', 'prepare'])
    if (manifest.scripts?.[script] !== undefined) problems.push(`package.json has the script ${script}`);
  const dependencies = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies };
  for (const [name, range] of Object.entries(dependencies))
    if (/^(workspace|catalog|link|file):/.test(range))
      problems.push(`${name} is ${range}, which only the workspace knows`);

  const importable = new Set([manifest.name, ...Object.keys(dependencies)]);
  for (const [file, content] of files) {
    if (isCopied(file)) continue;
    if (/\.(js|cjs|d\.ts|d\.cts)$/.test(file)) problems.push(...importProblems(file, content, files, importable));
    if (/\.(js|cjs)$/.test(file)) {
      const map = /\/\/# sourceMappingURL=(.+)\s*$/.exec(content)?.[1];
      if (map === undefined) problems.push(`${file} names no source map`);
      else if (!files.has(posix.join(posix.dirname(file), map)))
        problems.push(`${file} names ${map}, which is missing`);
    }
    if (file.endsWith('.map')) problems.push(...sourceMapProblems(file, content, files));
  }
  return problems;
}

function exportTargets(exports: Exports): string[] {
  if (exports === null) return [];
  return typeof exports === 'string' ? [exports] : Object.values(exports).flatMap(exportTargets);
}

/**
 * Relative imports must be in the package, for a .js in a .d.ts its .d.ts. Packages must be among those that package.json names: in a
 * workspace others are found, too, and by users only by chance.
 */
function importProblems(
  file: string,
  content: string,
  files: ReadonlyMap<string, string>,
  importable: ReadonlySet<string>,
): string[] {
  const code = content.replace(/^\s*(\/\/|\/?\*).*$/gm, '');
  const imports = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\(\s*)(['"])([\w@.][^'"]*)\1/g);
  return [...imports].flatMap(([, , specifier = '']) => {
    if (!/^\.\.?\//.test(specifier)) {
      const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(specifier) ?? [''];
      return isBuiltin(specifier) || importable.has(name)
        ? []
        : [`${file} imports ${specifier}, which package.json does not name`];
    }
    const path = posix.join(posix.dirname(file), specifier);
    const target = /\.d\.c?ts$/.test(file) ? path.replace(/\.(c?)js$/, '.d.$1ts') : path;
    return files.has(target) ? [] : [`${file} imports ${specifier}, which is missing`];
  });
}

function sourceMapProblems(file: string, content: string, files: ReadonlyMap<string, string>): string[] {
  const { sources, sourcesContent } = JSON.parse(content) as { sources: string[]; sourcesContent?: (string | null)[] };
  return sources.flatMap((source, i) =>
    typeof sourcesContent?.[i] === 'string' || files.has(join(dirname(file), source).replaceAll('\\', '/'))
      ? []
      : [`${file} names the source ${source}, which neither it nor the package holds`],
  );
}
