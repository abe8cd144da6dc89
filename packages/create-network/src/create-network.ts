import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { checkOptions, oneOf, optional, type Rule, rule } from '@cnnzoo/checks';
import { packageNameRule } from './names.js';
import { type License, licenses, packageFiles } from './package-files.js';

/** What the package is called, and whose it is. */
export interface CreateNetworkOptions {
  /** Where the files go: a folder that is not there yet, or that has nothing but `.git`. */
  readonly folder: string;
  /** As npm is to call it, such as '@ada/tinynet'. Default: the folder's name. */
  readonly packageName?: string;
  /** Whose text becomes the file LICENSE. */
  readonly license: License;
  /** Who holds the copyright. */
  readonly author: string;
  /** On GitHub, as 'OWNER/NAME'. Without it `package.json` names none, and npm refuses to publish with provenance. */
  readonly repository?: string;
}

/** What {@link createNetwork} has written. */
export interface CreatedNetwork {
  /** Absolute. */
  readonly folder: string;
  readonly packageName: string;
  /** What the package exports, such as `tinynet`. */
  readonly functionName: string;
  /** Paths in the folder, sorted. */
  readonly files: readonly string[];
}

const folderRule = rule<string>(
  'the path of a folder that is not there yet, or is empty',
  (value) => typeof value === 'string',
  (value) => value !== '' && !value.includes('\0') && isFree(resolve(value)),
);

/** A repository that was cloned before it had a commit is free, too. What is not there yet must be below a folder. */
function isFree(path: string): boolean {
  if (existsSync(path)) return isFolder(path) && readdirSync(path).every((name) => name === '.git');
  let parent = dirname(path);
  while (!existsSync(parent) && parent !== dirname(parent)) parent = dirname(parent);
  return isFolder(parent);
}

const isFolder = (path: string) => statSync(path).isDirectory();

/** The rule of each option, which questions use, too. */
export const rules = {
  folder: folderRule,
  packageName: optional(packageNameRule),
  license: oneOf(licenses) as Rule<License>,
  author: rule<string>(
    'a name on one line',
    (value) => typeof value === 'string',
    (value) => /\S/.test(value) && !/[\r\n]/.test(value),
  ),
  repository: optional(
    rule<string>(
      'OWNER/NAME of a repository on GitHub',
      (value) => typeof value === 'string',
      (value) => /^[\w.-]+\/[\w.-]+$/.test(value),
    ),
  ),
};

/**
 * Writes the npm package of a network of one's own: a small network of `@cnnzoo/blocks` with its test, types, README, LICENSE, changelog and the
 * workflow that publishes it. Nothing is installed and nothing is overwritten.
 * @throws TypeError or RangeError naming the option, before anything is written
 * @example
 * import { createNetwork } from '@cnnzoo/create-network';
 *
 * const { functionName, files } = createNetwork({ folder: 'tinynet', license: 'MIT', author: 'Ada Lovelace' });
 * console.log(functionName, files); // tinynet, ['.github/workflows/publish.yml', …]
 */
export function createNetwork(options: CreateNetworkOptions): CreatedNetwork {
  const given = checkOptions<CreateNetworkOptions>('createNetwork', options, rules);
  const folder = resolve(given.folder);
  const packageName = given.packageName ?? basename(folder);
  const fault = packageNameRule.fault(
    given.packageName === undefined ? "the folder's name, unless packageName is given," : 'packageName',
    packageName,
  );
  if (fault) throw fault;
  const { functionName, files } = packageFiles({ ...given, packageName });
  for (const [path, text] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
  }
  return { folder, packageName, functionName, files: [...files.keys()].sort() };
}
