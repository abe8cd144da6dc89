import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countInEvenBins, type EvenBins, widthOf } from './even-bins.js';

/** As numpy.histogram counts: the edges decide, each bin has its lower one, and the last bin both. */
function counted(values: Float32Array, range: EvenBins): number[] {
  const { first, last, bins } = range;
  const edges = Float32Array.from({ length: bins + 1 }, (_, i) => Math.fround(i * widthOf(range)) + first);
  edges[bins] = last;
  const counts = Array.from<number>({ length: bins }).fill(0);
  for (const value of values) {
    if (!(value >= first && value <= last)) continue;
    let [low, high] = [0, bins];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (value >= (edges[middle] ?? 0)) low = middle;
      else high = middle;
    }
    counts[low] = (counts[low] ?? 0) + 1;
  }
  return counts;
}

const sizes = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 16_380, max: 16_390 }), fc.constant(40_000));

it('counts as the edges say, whatever the values and the number of bins', () => {
  fc.assert(
    fc.property(
      fc.float({ min: Math.fround(1e-30), max: Math.fround(1e30), noNaN: true }),
      fc.integer({ min: 1, max: 3000 }),
      sizes,
      fc.array(fc.oneof(fc.float(), fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY)), { maxLength: 20 }),
      fc.integer(),
      (bound, bins, length, special, seed) => {
        const range = { first: -bound, last: bound, bins };
        const width = widthOf(range);
        const values = Float32Array.from({ length }, (_, i) => {
          const place = ((i + 1) * (seed | 1) * 2_654_435_761) >>> 0;
          // On edges, beside them, and anywhere.
          const edge = Math.fround((place % (bins + 1)) * width) - bound;
          if (i % 3 === 0) return edge;
          return i % 3 === 1 ? edge * (1 + 2 ** -23) : (place / 2 ** 31 - 1) * 1.001 * bound;
        });
        values.set(special.slice(0, length), length - Math.min(length, special.length));
        const found = countInEvenBins(values, range);
        expect([...found.counts]).toEqual(counted(values, range));
        const numbers = values.filter((value) => !Number.isNaN(value));
        expect(found.hasNaN).toBe(numbers.length < values.length);
        if (found.hasNaN) return;
        // Where both zeros are among the values, either may be the extreme: the sum makes 0 of -0.
        expect(found.lowest + 0).toBe(numbers.reduce((least, each) => Math.min(least, each)) + 0);
        expect(found.highest + 0).toBe(numbers.reduce((most, each) => Math.max(most, each)) + 0);
      },
    ),
    { numRuns: 200 },
  );
});

it('takes ranges that are empty, and no values', () => {
  expect(countInEvenBins(Float32Array.of(3, -2, 5), { first: 0, last: 0, bins: 1 })).toMatchObject({
    lowest: -2,
    highest: 5,
  });
  expect([...countInEvenBins(new Float32Array(0), { first: -1, last: 1, bins: 2 }).counts]).toEqual([0, 0]);
  expect([...countInEvenBins(new Float32Array(5).fill(1e-40), { first: -1e-40, last: 1e-40, bins: 2 }).counts]).toEqual(
    [0, 5],
  );
});
