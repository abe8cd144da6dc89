/** Damaged PNG and JPEG files: read where Pillow reads them, to the same pixels, and refused where it refuses them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type DamagedCase, differenceOf } from '../fixtures/damaged.js';

const cases = JSON.parse(readFileSync(new URL('../fixtures/damaged.json', import.meta.url), 'utf8')) as DamagedCase[];

/** Where Pillow reads packed pixels that end early, some of them, or a header that says more than 16 million pixels. */
const otherwise = /\.png refused: .*(libpng read error|exceeds pixel limit)/;

test('as in Pillow', async () => {
  const differences: string[] = [];
  for (const damaged of cases) {
    const difference = await differenceOf(damaged);
    if (difference !== null) differences.push(`${damaged.file} ${difference} ${JSON.stringify(damaged.edits)}`);
  }
  expect(differences.filter((difference) => !otherwise.test(difference))).toEqual([]);
  expect(differences.length).toBeLessThanOrEqual(cases.length / 100);
});
