/** The package managers that people install with, each as it is without settings. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PackageManager {
  /** The JavaScript file that Node runs. */
  readonly program: string;
  /** Arguments before the packages to add. */
  readonly add: readonly string[];
  /** Settings that name a registry on this machine, and nothing else. */
  readonly registry: (url: string) => Readonly<Record<string, string>>;
  /** Arguments before a program to run; empty where Node finds packages by itself. */
  readonly node: readonly string[];
  /** What it prints where a peer dependency is missing or wrong. */
  readonly unmetPeers: RegExp;
}

function programOf(packageName: string, file: string): string {
  return join(fileURLToPath(new URL('../node_modules', import.meta.url)), packageName, file);
}

const npm = {
  add: ['install'],
  registry: (url: string) => ({ npm_config_registry: url }),
  node: [],
  unmetPeers: /ERESOLVE|peer/i,
};

export const packageManagers = {
  'npm 11': { ...npm, program: programOf('npm-11', 'bin/npm-cli.js') },
  'npm 10': { ...npm, program: programOf('npm-10', 'bin/npm-cli.js') },
  'pnpm 10': {
    program: programOf('pnpm', 'bin/pnpm.cjs'),
    add: ['add'],
    registry: (url) => ({ npm_config_registry: url }),
    node: [],
    unmetPeers: /peer/i,
  },
  'yarn 1': {
    program: programOf('yarn', 'bin/yarn.js'),
    add: ['add'],
    registry: (url) => ({ npm_config_registry: url, YARN_REGISTRY: url }),
    node: [],
    unmetPeers: /peer/i,
  },
  // Plug'n'Play, its default: no node_modules.
  'yarn 4': {
    program: programOf('@yarnpkg/cli-dist', 'bin/yarn.js'),
    add: ['add'],
    registry: (url) => ({
      YARN_NPM_REGISTRY_SERVER: url,
      YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
      // It does not take versions younger than a day, as those of this test are.
      YARN_NPM_MINIMAL_AGE_GATE: '0',
    }),
    node: ['node'],
    unmetPeers: /YN0002|YN0060|YN0086|peer/i,
  },
} as const satisfies Record<string, PackageManager>;

export type PackageManagerName = keyof typeof packageManagers;
