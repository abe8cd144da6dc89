/** What a package of that name calls its file and its function. */
import { rule } from '@cnnzoo/checks';
import validate from 'validate-npm-package-name';

/** Words that no function of an ES module may have as its name. */
const reserved =
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield'.split(
    ' ',
  );

/** `tinynet` of `@ada/tinynet`, with hyphens for all that is no letter and no digit. */
export function fileNameOf(packageName: string): string {
  const [unscoped = ''] = packageName.split('/').slice(-1);
  return unscoped.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
}

/**
 * `tinyNet` of `@ada/tiny-net`.
 * @param taken other names in the files where it stands; such a name, a reserved word and a leading digit get `network` in front
 */
export function functionNameOf(packageName: string, taken: ReadonlySet<string>): string {
  const name = fileNameOf(packageName).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  if (/^\D/.test(name) && !reserved.includes(name) && !taken.has(name)) return name;
  return `network${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** A name under which npm takes a new package, with a letter or digit for the file. */
export const packageNameRule = rule<string>(
  'a name that npm takes for a new package, in lower case, such as tinynet or @ada/tinynet',
  (value) => typeof value === 'string',
  (value) => validate(value).validForNewPackages && fileNameOf(value) !== '',
);
