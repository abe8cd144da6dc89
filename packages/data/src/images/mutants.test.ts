import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DataError } from '../data-error.js';
import { decodeMutant, mutant, originals, randomNumbers } from '../fixtures/mutate.js';
import { dataOriginals, readMutant } from '../fixtures/mutate-data.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { hostileArchives, hostileArrays, hostileLists } from '../testing/hostile-data.js';
import { hostileImages } from '../testing/hostile-images.js';
import { readByKind } from '../testing/read-by-kind.js';

const folder = temporaryFolder();

// `pnpm mutants` tries 10,000 of each.
const others = dataOriginals();

test.each([...others, ...originals()])(
  '40 damaged files ending in .%s are read, or refused by a DataError',
  async (format, files) => {
    const random = randomNumbers(7);
    const results = new Set<string>();
    for (let i = 0; i < 40; i++)
      results.add(
        await (others.has(format) ? readMutant : decodeMutant)(
          mutant(files[i % files.length] ?? Buffer.alloc(0), random),
          format,
        ),
      );
    expect(results.has('refused')).toBe(true);
  },
);

/** Those that take no tenth of a second to write and to read; `pnpm hostile` reads all, and measures. */
const cheap =
  /^(sides|large|strips|one-strip|canvas|lossless|digits|scans-small|larger-than-the-file|unpacks-to-4-gb|more-than-there-are|directory-|a-link-to-itself|header-of-8-gb|zero|proto|slashes)\b/;
const hostile = Object.entries({ ...hostileImages, ...hostileArchives, ...hostileArrays, ...hostileLists }).filter(
  ([name]) => cheap.test(name),
);

test.each(hostile)('hostile %s is read, or refused by a DataError that names it', async (name, make) => {
  const path = join(folder, name);
  writeFileSync(path, make());
  const result = await readByKind(path).catch((error: unknown) => error);
  if (typeof result === 'string') return expect(result).toMatch(/\d/);
  expect(result).toBeInstanceOf(DataError);
  const { message } = result as DataError;
  expect(message).toContain(name);
  expect(message).not.toMatch(/call stack|allocation|Cannot read|heap/);
  expect(message.length).toBeLessThan(1000);
});
