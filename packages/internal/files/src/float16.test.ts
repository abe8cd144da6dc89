import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromFloat16, toFloat16, weightsAsFloat16 } from './float16.js';

const all = Uint16Array.from({ length: 65536 }, (_, code) => code);

describe('half floats', () => {
  test('of each of the 65,536 codes come back', () => {
    const back = toFloat16(fromFloat16(all));
    // Signalling NaN become quiet ones.
    const isNaNCode = (code: number) => (code & 0x7fff) > 0x7c00;
    expect(back).toEqual(all.map((code) => (isNaNCode(code) ? code | 0x200 : code)));
  });

  test('are the nearest, halves to the even one, whatever the float32', () => {
    const finite = all.filter((code) => code < 0x7c00);
    // What follows the largest one stands for all beyond: 65,520 is as near to it.
    const values = [...fromFloat16(finite), 65536];
    const nearest = (value: number) => {
      let [low, high] = [0, values.length - 1];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if ((values[middle] ?? 0) <= value) low = middle;
        else high = middle;
      }
      const [below, above] = [value - (values[low] ?? 0), (values[high] ?? 0) - value];
      return below < above || (below === above && low % 2 === 0) ? low : high;
    };
    const between = fc
      .tuple(fc.nat(0x7bff), fc.constantFrom(0, 1e-9, 0.25, 0.5, 0.5 + 2 ** -12, 0.75))
      .map(([code, part]) => Math.fround((values[code] ?? 0) * (1 - part) + (values[code + 1] ?? 0) * part));
    const any = fc.oneof(
      between,
      fc.float({ noNaN: true, min: 0, max: Math.fround(1e5) }),
      fc.float({ noNaN: true, min: 0, max: Math.fround(1e-6) }),
    );
    fc.assert(
      fc.property(any, (value) => {
        expect([...toFloat16(Float32Array.of(value, -value))]).toEqual([
          nearest(Math.min(value, 65536)),
          nearest(Math.min(value, 65536)) | 0x8000,
        ]);
      }),
      { numRuns: 2000 },
    );
  });

  test('have room for weights but for large, infinite and tiny ones', () => {
    for (const fit of [[], [0], [65519, -1], [2 ** -14, 1e-30]])
      expect(weightsAsFloat16(Float32Array.from(fit))).not.toBeNull();
    for (const not of [[65520], [1, Number.NEGATIVE_INFINITY], [Number.NaN], [6e-5, -1e-6]])
      expect(weightsAsFloat16(Float32Array.from(not))).toBeNull();
  });
});
