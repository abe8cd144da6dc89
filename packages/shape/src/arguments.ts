/** A size or a step along both axes: one number for both, or `[height, width]`. */
export type Size2d = number | readonly [height: number, width: number];

export const axisNames = ['height', 'width'] as const;

/** The value as an error message shows it. */
export function shown(value: unknown): string {
  return typeof value === 'number' || value === undefined ? String(value) : JSON.stringify(value);
}

function nearestInteger(value: unknown, minimum: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(minimum, Math.round(value)) : minimum;
}

/**
 * Returns `value` where it is an integer of at least `minimum`.
 * @throws TypeError if it is no number, RangeError if it is fractional, not finite or too small; both name the nearest legal value.
 */
export function integer(name: string, value: unknown, minimum = 1): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum) return value;
  const message = `${name} must be an integer of at least ${minimum}, got ${shown(value)}; the nearest that would do is ${nearestInteger(value, minimum)}`;
  throw typeof value === 'number' ? new RangeError(message) : new TypeError(message);
}

/** A number for both axes or a `[height, width]` pair as a pair of integers of at least `minimum`. */
export function pair(name: string, value: unknown, minimum = 1): readonly [number, number] {
  if (Array.isArray(value)) {
    if (value.length === 2) return [integer(`${name}[0]`, value[0], minimum), integer(`${name}[1]`, value[1], minimum)];
    throw new TypeError(`${name} must be a number or a [height, width] pair, got ${shown(value)}`);
  }
  const both = integer(name, value, minimum);
  return [both, both];
}
