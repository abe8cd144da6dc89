/** An app outside the workspace: an empty folder in which packages are installed and programs run. */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PackageManager, type PackageManagerName, packageManagers } from './package-managers.js';
import { cleanEnvironment, patience, run } from './run.js';

const networkGuard = fileURLToPath(new URL('../network-guard.cjs', import.meta.url));

export interface App {
  readonly folder: string;
  /** Adds packages. What the package manager printed. */
  install(packages: readonly string[], variables?: Readonly<Record<string, string>>): Promise<string>;
  /** Runs a JavaScript file with the app's packages. What it printed. */
  node(...args: readonly string[]): Promise<string>;
  /** Computers that an installation tried to reach besides this one. */
  foreignConnections(): string[];
  /** All versions of a package in the app, one for each copy. */
  copies(packageName: string): string[];
  /** The packages in node_modules that run a script or compile something when they are installed. */
  installScripts(): string[];
}

/**
 * @param parent a folder for apps
 * @param managerName what installs packages, with a cache that is empty at first
 * @param registry its URL, the only place that an installation can reach
 */
export function createApp(parent: string, name: string, managerName: PackageManagerName, registry: string): App {
  const manager: PackageManager = packageManagers[managerName];
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest))
    writeFileSync(manifest, `${JSON.stringify({ name: 'app', version: '1.0.0', private: true })}\n`);
  const home = join(parent, `${name}-home`);
  const foreign = join(parent, `${name}-foreign-connections.txt`);
  // For root yarn 1 keeps one cache outside the home folder, which two installations at a time damage.
  const variables = { ...manager.registry(registry), YARN_CACHE_FOLDER: join(home, 'yarn-cache') };
  const environment = cleanEnvironment({ home, variables });
  const execute = (args: readonly string[], more: Readonly<Record<string, string>>) =>
    run(process.execPath, args, { folder, environment: { ...environment, ...more }, timeout: patience });

  return {
    folder,
    async install(packages, variables = {}) {
      const guarded = { NODE_OPTIONS: `--require ${networkGuard}`, CNNZOO_FOREIGN_CONNECTIONS: foreign };
      const { text } = await execute([manager.program, ...manager.add, ...packages], { ...guarded, ...variables });
      return text;
    },
    async node(...args) {
      const { text } = await execute(manager.node.length > 0 ? [manager.program, ...manager.node, ...args] : args, {});
      return text;
    },
    foreignConnections: () => (existsSync(foreign) ? readFileSync(foreign, 'utf8').trim().split('\n') : []),
    copies: (packageName) =>
      existsSync(join(folder, '.pnp.cjs'))
        ? versionsInYarnLock(readFileSync(join(folder, 'yarn.lock'), 'utf8'), packageName)
        : installedPackages(join(folder, 'node_modules'))
            .flatMap(({ manifest: { name, version } }) => (name === packageName ? [version] : []))
            .sort(),
    installScripts: () =>
      installedPackages(join(folder, 'node_modules')).flatMap(({ folder: installed, manifest: { name, scripts } }) =>
        existsSync(join(installed, 'binding.gyp')) || scripts?.preinstall || scripts?.install || scripts?.postinstall
          ? [name]
          : [],
      ),
  };
}

/** `resolution: "NAME@npm:VERSION"` once for each copy. */
function versionsInYarnLock(lock: string, packageName: string): string[] {
  const versions = [...lock.matchAll(/resolution: "(.+)@npm:(.+)"/g)].flatMap(([, name, version]) =>
    name === packageName && version !== undefined ? [version] : [],
  );
  return versions.sort();
}

interface InstalledPackage {
  readonly folder: string;
  readonly manifest: {
    readonly name: string;
    readonly version: string;
    readonly scripts?: { readonly preinstall?: string; readonly install?: string; readonly postinstall?: string };
  };
}

/** Each package once that an import can reach, wherever it is linked from. */
function installedPackages(nodeModules: string): InstalledPackage[] {
  const found = new Map<string, InstalledPackage>();
  const visit = (path: string) => {
    const folder = realpathSync(path);
    if (found.has(folder)) return;
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as InstalledPackage['manifest'];
    found.set(folder, { folder, manifest });
    for (const nested of packageFolders(join(folder, 'node_modules'))) visit(nested);
    // pnpm links what a package needs beside it; in the rest of its store there may be what nobody uses any more.
    const [, besides] = /^(.*[\\/]\.pnpm[\\/][^\\/]+[\\/]node_modules)[\\/]/.exec(folder) ?? [];
    if (besides !== undefined) for (const sibling of packageFolders(besides)) visit(sibling);
  };
  for (const path of packageFolders(nodeModules)) visit(path);
  return [...found.values()];
}

function packageFolders(nodeModules: string): string[] {
  if (!existsSync(nodeModules)) return [];
  return readdirSync(nodeModules).flatMap((entry) => {
    const path = join(nodeModules, entry);
    if (entry.startsWith('@')) return readdirSync(path).map((name) => join(path, name));
    return entry.startsWith('.') || !existsSync(join(path, 'package.json')) ? [] : [path];
  });
}
