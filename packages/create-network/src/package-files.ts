/** Every file of the package that is made. */
import { fileNameOf, functionNameOf } from './names.js';
import { packageJson } from './package-json.js';
import { licenseText, ownVersion, templateFiles } from './template.js';

/** The licences whose text is known. `UNLICENSED` reserves all rights. */
export const licenses = ['Apache-2.0', 'MIT', 'UNLICENSED'] as const;

export type License = (typeof licenses)[number];

/** What the package is called, and whose it is. */
export interface PackageOptions {
  readonly packageName: string;
  readonly license: License;
  readonly author: string;
  readonly repository?: string;
}

/** What it exports, and its files by path. */
export interface PackageFiles {
  readonly functionName: string;
  readonly files: ReadonlyMap<string, string>;
}

/** Nothing is written and nothing checked. */
export function packageFiles({ packageName, license, author, repository }: PackageOptions): PackageFiles {
  const template = templateFiles();
  const fileName = fileNameOf(packageName);
  const functionName = functionNameOf(packageName, new Set([...template.values()].join('\n').match(/\w+/g)));
  const names: Readonly<Record<string, string>> = {
    'package-name': packageName,
    'file-name': fileName,
    networkName: functionName,
    'THE-LICENSE':
      license === 'UNLICENSED' ? `Copyright ${author}. All rights reserved.` : `${license}, see [LICENSE](LICENSE).`,
    'THE-AUTHOR': author,
    'THE-YEAR': String(new Date().getFullYear()),
  };
  const placeholder = new RegExp(Object.keys(names).join('|'), 'g');
  const filled = (text: string) => text.replaceAll(placeholder, (name) => names[name] ?? name);
  const manifest = { packageName, fileName, license, author, cnnzooVersion: ownVersion() };
  const files = new Map([
    ...[...template].map(([path, text]) => [filled(path), filled(text)] as const),
    ['LICENSE', filled(licenseText(license))],
    ['package.json', packageJson({ ...manifest, repository: repository ?? null })],
  ]);
  return { functionName, files };
}
