import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check, rule } from '@cnnzoo/checks';
import { openSource, type Source } from '@cnnzoo/files';
import { asDataError } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';

/** The files of a data set: the path or file URL of their folder, or each by its name, from anywhere. */
export type NamedFiles = string | URL | Readonly<Record<string, Source>>;

const namedFiles = rule<NamedFiles>(
  'the path or file URL of a folder, or an object of files by their names',
  (value) => (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null),
);

/** What one of the files is called in messages, and where it is. */
export interface NamedFile {
  readonly name: string;
  readonly source: Source;
}

/** Finds files by their names. @throws TypeError for what is neither a folder nor files */
export function filesOf(files: NamedFiles): {
  readonly name: string;
  /** The first of several names that is there. @throws DataError naming the first where none is */
  find(...names: readonly string[]): NamedFile;
} {
  check('folder', files, namedFiles);
  if (typeof files === 'string' || files instanceof URL) {
    const folder = typeof files === 'string' ? files : fileURLToPath(files);
    return {
      name: folder,
      find(...names) {
        const paths = names.map((name) => join(folder, name));
        const path = paths.find((each) => existsSync(each));
        if (path === undefined) throw new DataError(paths[0] ?? folder, missing(names));
        return { name: path, source: path };
      },
    };
  }
  return {
    name: 'the given files',
    find(...names) {
      const name = names.find((each) => Object.hasOwn(files, each));
      const source = name === undefined ? undefined : files[name];
      if (name === undefined || source === undefined) throw new DataError(names[0] ?? '', missing(names));
      return { name, source };
    },
  };
}

function missing(names: readonly string[]): string {
  return `cannot be read: no such file${names.length > 1 ? `, nor ${names.slice(1).join(', ')}` : ''}`;
}

/** All bytes of a file. @throws DataError naming it where it cannot be read */
export async function readFileBytes({ name, source }: NamedFile): Promise<Uint8Array> {
  try {
    const { size, read } = await openSource(source);
    return await read(0, size);
  } catch (cause) {
    const { file, message } = asDataError(name, cause);
    throw new DataError(file, `cannot be read (${message.slice(file.length + 2)})`, { cause });
  }
}
