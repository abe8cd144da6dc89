import { describeValue } from './image/image.js';

/** Throws a RangeError that names the argument unless `value` is a number from `low` to `high`. */
export function checkNumber(name: string, value: unknown, low = -Infinity, high = Infinity): void {
  if (typeof value !== 'number' || !(value >= low && value <= high))
    throw new RangeError(`${name} must be a number${rangeText(low, high)}, got ${describeValue(value)}`);
}

/** Throws a RangeError that names the argument unless `value` is a whole number from `low` to `high`. */
export function checkInteger(name: string, value: unknown, low = -Infinity, high = Infinity): void {
  if (!Number.isInteger(value) || (value as number) < low || (value as number) > high)
    throw new RangeError(`${name} must be a whole number${rangeText(low, high)}, got ${describeValue(value)}`);
}

/** Throws a RangeError that names the argument unless `value` is a pair of numbers, the first not above the second. */
export function checkRange(name: string, value: readonly number[], low = -Infinity, high = Infinity): void {
  if (!Array.isArray(value) || value.length !== 2)
    throw new RangeError(`${name} must be a pair [lowest, highest], got ${describeValue(value)}`);
  for (const [index, bound] of value.entries()) checkNumber(`${name}[${index}]`, bound, low, high);
  const [lowest = 0, highest = 0] = value;
  if (lowest > highest) throw new RangeError(`${name} must be in ascending order, got ${describeValue(value)}`);
}

/** Throws a RangeError that names the argument unless `value` is one of `choices`. */
export function checkChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string))
    throw new RangeError(`${name} must be ${choices.map((c) => `'${c}'`).join(' or ')}, got ${describeValue(value)}`);
}

/** A size as a pair: a number is a square's. */
export type Size = number | readonly [height: number, width: number];

/** Height and width of a {@link Size}, checked. */
export function sizePair(name: string, size: Size): readonly [height: number, width: number] {
  const pair = typeof size === 'number' ? ([size, size] as const) : size;
  if (!Array.isArray(pair) || pair.length !== 2)
    throw new RangeError(`${name} must be a number or a pair [height, width], got ${describeValue(size)}`);
  const [height, width] = pair;
  checkInteger(`${name} (height)`, height, 1);
  checkInteger(`${name} (width)`, width, 1);
  return [height, width];
}

function rangeText(low: number, high: number): string {
  if (low === -Infinity && high === Infinity) return '';
  if (high === Infinity) return ` of at least ${low}`;
  if (low === -Infinity) return ` of at most ${high}`;
  return ` from ${low} to ${high}`;
}
