import { expect, test } from 'vitest';
import { decodeMutant, mutant, originals, randomNumbers } from '../fixtures/mutate.js';
import { dataOriginals, readMutant } from '../fixtures/mutate-data.js';

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
