import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';
import { expect, test } from 'vitest';
import { codeBlocks, headingDepths, koreanPages } from './korean-pages.js';

test('every guide, the first classifier and the lecture map are there in Korean', () => {
  const guides = readdirSync(join(root, 'docs/guides')).map((name) => `guides/${name}`);
  expect(koreanPages().map(({ path }) => path)).toEqual(['classifier.md', ...guides.sort(), 'lecture.md']);
});

test.each(koreanPages())(
  'docs/ko/$path has the code, the headings and the table rows of docs/$path',
  ({ korean, english }) => {
    // Where it has not: pnpm --filter @cnnzoo/packaging run update
    expect(codeBlocks(korean)).toEqual(codeBlocks(english));
    expect(headingDepths(korean)).toEqual(headingDepths(english));
    const rows = (page: string) => page.match(/^\|.*\|$/gm)?.length ?? 0;
    expect(rows(korean)).toBe(rows(english));
  },
);
