/** The TypeScript programs in Markdown files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';

export interface Snippet {
  /** Path below the repository's root, and the line where the block starts. */
  readonly place: string;
  readonly code: string;
  /**
   * The first block of a package's README: a newcomer pastes it into a file and runs it. Where it wants images and weights of the user's, the end-to-end tests
   * run it, which have some.
   */
  readonly runs: boolean;
}

/** The Markdown files of this repository, without the forms of .github. */
export function markdownFiles(): { path: string; readme: boolean }[] {
  const readmes = ['packages', 'packages/internal', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(folder, name, 'README.md')),
  );
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const pages = readdirSync(root).filter((name) => name.endsWith('.md') && name !== 'README.md');
  return [
    { path: 'README.md', readme: true },
    ...pages.map((path) => ({ path, readme: false })),
    ...readmes
      .filter((path) => existsSync(join(root, path)))
      .map((path) => ({ path, readme: /^packages.(?!internal)/.test(path) })),
    ...docs.map((name) => ({ path: join('docs', name), readme: false })),
  ];
}

/** All blocks marked `ts` of these files. Those of CONTRIBUTING.md are a package, which has a test of its own. */
export function snippets(): Snippet[] {
  const files = markdownFiles().filter(({ path }) => path !== 'CONTRIBUTING.md');
  return files.flatMap(({ path, readme }) => {
    const text = readFileSync(join(root, path), 'utf8');
    return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map((match, i) => ({
      place: `${path}:${text.slice(0, match.index).split('\n').length}`,
      code: match[1] ?? '',
      runs: readme && i === 0 && !match[1]?.includes('fineTune('),
    }));
  });
}
