/** Sizes and steps, checked. Errors also name the nearest legal value: who computes by hand is often off by one. */
import { check, integer as integerRule, rule } from '@cnnzoo/checks';

export const axisNames = ['height', 'width'] as const;

function nearestInteger(value: unknown, minimum: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(minimum, Math.round(value)) : minimum;
}

/**
 * Returns `value` where it is an integer of at least `minimum`.
 * @throws TypeError if it is no number, RangeError if it is fractional, not finite or too small; both name the nearest legal value.
 */
export function integer(name: string, value: unknown, minimum = 1): number {
  const error = integerRule(minimum).fault(name, value);
  if (error === null) return value as number;
  error.message += `; the nearest that would do is ${nearestInteger(value, minimum)}`;
  throw error;
}

const pairRule = rule<readonly [unknown, unknown]>('a number or a [height, width] pair', (value) =>
  Array.isArray(value) ? value.length === 2 : false,
);

/** A number for both axes or a `[height, width]` pair as a pair of integers of at least `minimum`. */
export function pair(name: string, value: unknown, minimum = 1): readonly [number, number] {
  if (Array.isArray(value)) {
    const [height, width] = check(name, value, pairRule);
    return [integer(`${name}[0]`, height, minimum), integer(`${name}[1]`, width, minimum)];
  }
  const both = integer(name, value, minimum);
  return [both, both];
}
