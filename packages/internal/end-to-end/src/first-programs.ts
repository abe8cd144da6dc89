/** What a README prints for a newcomer: an install line and, after it, a program. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';

export interface FirstProgram {
  /** The README, below the repository's root. */
  readonly readme: string;
  /** The packages of the install line. */
  readonly packages: readonly string[];
  /** TypeScript. */
  readonly code: string;
}

/** The first program of each README, and the packages of the line before it. */
export function firstPrograms(): FirstProgram[] {
  const readmes = ['README.md', ...publishedPackages().map(({ folder }) => `${folder.slice(root.length)}/README.md`)];
  return readmes.map((path) => {
    const readme = path.replace(/^\//, '');
    return { readme, ...firstProgram(readFileSync(join(root, readme), 'utf8'), readme) };
  });
}

/** The same of one README. @param name for the error */
export function firstProgram(text: string, name = 'README.md'): Pick<FirstProgram, 'packages' | 'code'> {
  const [, before = '', code] = /^(.*?)^```ts\n(.*?)^```/ms.exec(text) ?? [];
  const [, line] = /^npm install ([^#\n]+)/m.exec(before) ?? [];
  if (code === undefined || line === undefined) throw new Error(`${name} has no install line with a program after it`);
  return { packages: line.trim().split(/\s+/), code };
}
