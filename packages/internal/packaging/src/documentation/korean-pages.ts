/** The Korean pages in docs/ko, each of which is an English page of docs/ in other words: they have the same code. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';

export interface KoreanPage {
  /** Path below docs/ko and below docs. */
  readonly path: string;
  readonly korean: string;
  readonly english: string;
}

/** The pages that have an English one. index.md has none. */
export function koreanPages(): KoreanPage[] {
  const paths = readdirSync(join(root, 'docs/ko'), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.md') && existsSync(join(root, 'docs', path)));
  const read = (path: string) => readFileSync(join(root, 'docs', path), 'utf8');
  return paths.sort().map((path) => ({ path, korean: read(`ko/${path}`), english: read(path) }));
}

/** A code block, with the line before it that names its file. */
const block = /(?:^`[^`\n]+`\n\n)?^```.*?^```$/gms;

export function codeBlocks(page: string): string[] {
  return page.match(block) ?? [];
}

/** The depth of each heading, in order. */
export function headingDepths(page: string): number[] {
  return [...page.replace(block, '').matchAll(/^(#+) /gm)].map(([, marks = '']) => marks.length);
}

/** Puts the English pages' code into the Korean ones, where the number of blocks is the same: `pnpm --filter @cnnzoo/packaging run update`. */
export function copyCode(): void {
  for (const { path, korean, english } of koreanPages()) {
    const blocks = codeBlocks(english);
    if (codeBlocks(korean).length !== blocks.length) continue;
    let next = 0;
    writeFileSync(
      join(root, 'docs/ko', path),
      korean.replace(block, () => blocks[next++] ?? ''),
    );
  }
}
