/** Damaged PNG and JPEG files: read where Pillow reads them, to the same pixels, and refused where it refuses them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type DamagedCase, differenceOf } from '../fixtures/damaged.js';

const cases = JSON.parse(readFileSync(new URL('../fixtures/damaged.json', import.meta.url), 'utf8')) as DamagedCase[];

/** Where libvips does otherwise and nothing here changes that. */
const otherwise: Readonly<Record<string, RegExp>> = {
  'a marker inside a JPEG’s scan ends libjpeg, and libvips gives the rows before it':
    /\.jpg.*Pillow refuses: OSError: broken data/,
  'contents of a chunk that says something about the image, such as a colour profile':
    /\.png.*Pillow refuses: (ValueError|SyntaxError|UnidentifiedImageError)/,
  'a second header with another size, or packed pixels that end early':
    /\.png refused: .*(libpng read error|corrupt header)/,
};

test('as in Pillow', async () => {
  const differences = new Map<string, number>();
  for (const damaged of cases) {
    const difference = await differenceOf(damaged);
    if (difference === null) continue;
    const text = `${damaged.file} ${difference} ${JSON.stringify(damaged.edits)}`;
    const reason = Object.keys(otherwise).find((key) => otherwise[key]?.test(text)) ?? text;
    differences.set(reason, (differences.get(reason) ?? 0) + 1);
  }
  expect([...differences.keys()].filter((reason) => !Object.hasOwn(otherwise, reason))).toEqual([]);
  // Without the check of a PNG's chunks there are 27.
  expect([...differences.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(cases.length / 20);
});
