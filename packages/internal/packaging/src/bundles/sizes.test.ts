import { publishedPackages } from '@cnnzoo/tooling/published-packages';
import { expect, test } from 'vitest';
import { bundle } from './bundle.js';
import { ceilings, exportCeilings } from './ceilings.js';

const entries = publishedPackages().flatMap((published) => published.entries);

test('every entry of every published package has a ceiling', () => {
  expect(Object.keys(ceilings).sort()).toEqual(entries.map(({ specifier }) => specifier).sort());
});

test.each(entries)('$specifier fits under its ceiling', async ({ specifier, module }) => {
  const { gzipped } = await bundle({ file: module }, { packages: 'external' });
  const ceiling = 1000 * (ceilings[specifier] ?? 0);
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
