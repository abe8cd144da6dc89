import { expect, test } from 'vitest';
import { compare, compareFactorizations, factorizations, formatComparisons } from './index.js';

/** Percent of the parameters and multiply-accumulates that each factorization saves. */
function savings(): Record<string, [params: number, macs: number]> {
  const comparisons = compareFactorizations();
  return Object.fromEntries(
    Object.keys(factorizations).map((id, index) => {
      const rows = comparisons[index]?.rows ?? [];
      const saving = (quantity: string) =>
        Math.round(100 * (rows.find((row) => row.quantity === quantity)?.saving ?? 0));
      return [id, [saving('params'), saving('macs')]];
    }),
  );
}

test("the lecture's factorisations save what it says", () => {
  expect(savings()).toEqual({
    fiveByFive: [28, 28],
    sevenBySeven: [45, 45],
    asymmetric: [33, 33],
    twoByTwo: [11, 11],
    gridReductionPoolFirst: [50, 50],
    gridReductionConvFirst: [50, 88],
    inceptionReduction: [58, 58],
    bottleneck: [94, 94],
  });
});

test('the factorised layers see as much and, but for the inception block, put out the same', () => {
  const [five, seven, asymmetric, two, ...others] = compareFactorizations();
  for (const comparison of [five, seven, asymmetric, two]) {
    expect(comparison?.sameOutput).toBe(true);
    expect(comparison?.b.summary.receptiveField).toEqual(comparison?.a.summary.receptiveField);
  }
  // Without a projection the pooled branch passes on all 192 channels.
  expect(others.map(({ sameOutput }) => sameOutput)).toEqual([true, true, false, true]);
});

test('more is a negative saving, and a table has a row for each comparison', () => {
  const small = { name: 'small', network: [{ type: 'Conv2d', outChannels: 2, kernelSize: 1 }] as const };
  const large = { name: 'large', network: [{ type: 'Conv2d', outChannels: 2, kernelSize: 3, padding: 1 }] as const };
  const comparison = compare(small, large, { inputShape: [4, 4, 1] });
  expect(comparison.rows[0]).toEqual({ quantity: 'params', a: 4, b: 20, saving: -4 });
  const table = formatComparisons([comparison]).split('\n');
  expect(table).toHaveLength(3);
  expect(table[2]).toMatch(/^\| small +\| large +\| +4×4×2 \|.*\| +-400 % \|/);
});
