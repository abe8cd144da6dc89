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
  /** A program of a page, which has the browser's types. */
  readonly inPage: boolean;
}

/** The Markdown files of this repository, without the forms of .github. */
export function markdownFiles(): { path: string; readme: boolean }[] {
  const readmes = ['packages', 'packages/internal', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(folder, name, 'README.md')),
  );
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.md'))
    .sort();
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

/** All blocks marked `ts` of these files. Those of CONTRIBUTING.md are a package, and those of Korean pages are the English ones: both have tests of their own. */
export function snippets(): Snippet[] {
  const files = markdownFiles().filter(({ path }) => path !== 'CONTRIBUTING.md' && !path.startsWith('docs/ko/'));
  return files.flatMap(({ path, readme }) => {
    const text = readFileSync(join(root, path), 'utf8');
    return [...text.matchAll(/(?:^`([^`\n]+)`\n\n)?^```ts\n(.*?)^```/gms)].map(([block, file = '', code = ''], i) => ({
      place: `${path}:${text.slice(0, text.indexOf(block)).split('\n').length}`,
      code,
      runs: readme && i === 0 && !code.includes('fineTune('),
      inPage: file.endsWith('.ts'),
    }));
  });
}
