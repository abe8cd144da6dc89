import { publishedPackages } from '@cnnzoo/tooling/published-packages';
import { expect, test } from 'vitest';
import { bundle } from './bundle.js';
import { ceilingOf, ceilings, exportCeilings } from './ceilings.js';

const entries = publishedPackages().flatMap((published) => published.entries);

test('every ceiling is that of an entry', () => {
  expect(entries.map(({ specifier }) => specifier)).toEqual(expect.arrayContaining(Object.keys(ceilings)));
});

test.each(entries)('$specifier fits under its ceiling', async ({ specifier, module }) => {
  const { gzipped } = await bundle({ file: module }, { packages: 'external' });
  const ceiling = 1000 * ceilingOf(specifier);
  console.log(`${specifier}: ${gzipped} of ${ceiling} bytes`);
  expect(gzipped).toBeGreaterThan(100);
  expect(gzipped).toBeLessThanOrEqual(ceiling);
});

test.each(exportCeilings)('%s alone, of %s, fits under %d kB', async (name, from, kilobytes) => {
  const { gzipped } = await bundle(`export { ${name} } from '${from}'`);
  console.log(`${name} of ${from}: ${gzipped} of ${1000 * kilobytes} bytes`);
  expect(gzipped).toBeGreaterThan(100);
  expect(gzipped).toBeLessThanOrEqual(1000 * kilobytes);
});
