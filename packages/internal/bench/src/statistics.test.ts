import fc from 'fast-check';
import { expect, test } from 'vitest';
import { median, quantile } from './statistics.js';

test('the median of an even number of values lies between the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
});

test('quantiles interpolate', () => {
  expect(quantile([0, 10], 0.1)).toBe(1);
  expect(quantile([0, 1, 2, 3, 4], 1)).toBe(4);
});

test('a quantile lies between the extremes and grows with the share', () => {
  const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(values, share, share, (sample, a, b) => {
      const low = quantile(sample, Math.min(a, b));
      const high = quantile(sample, Math.max(a, b));
      expect(low).toBeLessThanOrEqual(high + 1e-9);
      expect(low).toBeGreaterThanOrEqual(Math.min(...sample) - 1e-9);
      expect(high).toBeLessThanOrEqual(Math.max(...sample) + 1e-9);
    }),
  );
});

test('no values is an error', () => {
  expect(() => median([])).toThrow(RangeError);
});
