import { integer } from './numbers.js';
import { mustBe, type Rule } from './rule.js';

/** One integer for height and width, or one for each. */
export type Size2d = number | readonly [height: number, width: number];

/** One integer of at least `minimum`, or two: [height, width]. */
/* @__NO_SIDE_EFFECTS__ */
export function size2d(minimum: number): Rule<Size2d> {
  const one = integer(minimum);
  const expected = `${one.expected}, or two: [height, width]`;
  return {
    expected,
    fault(name, value) {
      if (Array.isArray(value) && value.length === 2)
        return one.fault(`${name}[0]`, value[0]) ?? one.fault(`${name}[1]`, value[1]);
      const fault = one.fault(name, value);
      if (fault === null) return null;
      const message = mustBe(name, expected, value);
      return fault instanceof RangeError ? new RangeError(message) : new TypeError(message);
    },
  };
}

/** Height and width of a size. */
export function sizePair(size: Size2d): [height: number, width: number] {
  return typeof size === 'number' ? [size, size] : [...size];
}
