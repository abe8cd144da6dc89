import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axisPadding, equalsSame } from './window.js';

const window = fc.record({
  kernel: fc.integer({ min: 1, max: 7 }),
  stride: fc.integer({ min: 1, max: 4 }),
  dilation: fc.integer({ min: 1, max: 3 }),
  padding: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant('same' as const)),
  ceilMode: fc.boolean(),
});

test('the windows lie in the padded axis, and one more would not', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), window, (size, window) => {
      const { before, after, output } = axisPadding(size, window);
      fc.pre(output >= 1);
      const extent = (window.kernel - 1) * window.dilation + 1;
      const padded = before + size + after;
      expect(before).toBeGreaterThanOrEqual(0);
      expect(after).toBeGreaterThanOrEqual(0);
      // What tfjs does with 'valid' on the padded axis.
      expect(Math.floor((padded - extent) / window.stride) + 1).toBe(output);
    }),
  );
});

test("where 'same' may be used for a padding, it is that padding", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), window, (size, window) => {
      fc.pre(equalsSame(window));
      const { before, after, output } = axisPadding(size, window);
      const same = axisPadding(size, { ...window, padding: 'same', ceilMode: false });
      expect([before, after, output]).toEqual([same.before, same.after, same.output]);
    }),
  );
});
