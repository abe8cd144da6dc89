/** Checks of arguments. Every message names the argument, the value it had and what is right. */

/** A value as it appears in an error message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value);
  return String(value);
}

/**
 * Checks an argument that must be an integer of at least `minimum`.
 * @throws TypeError where `value` is no number, RangeError where it is no integer of at least `minimum`
 * @example
 * import { integerAtLeast } from '@cnnzoo/blocks';
 *
 * console.log(integerAtLeast(1, 'numClasses', 10)); // 10
 * // integerAtLeast(1, 'numClasses', 0.5) throws: numClasses is 0.5, expected an integer of at least 1
 */
export function integerAtLeast(minimum: number, name: string, value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`${name} is ${shown(value)}, expected an integer`);
  if (!Number.isInteger(value) || value < minimum)
    throw new RangeError(`${name} is ${value}, expected an integer of at least ${minimum}`);
  return value;
}

/** @throws TypeError where `value` is no number, RangeError where it is not in [minimum, maximum] */
export function numberBetween(minimum: number, maximum: number, name: string, value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`${name} is ${shown(value)}, expected a number`);
  if (!(value >= minimum && value <= maximum))
    throw new RangeError(`${name} is ${value}, expected a number from ${minimum} to ${maximum}`);
  return value;
}

/** One integer for height and width, or one for each. */
export type Size2d = number | readonly [height: number, width: number];

/** `value` as [height, width]. @throws TypeError or RangeError where it is neither an integer nor two */
export function size2d(minimum: number, name: string, value: unknown): [height: number, width: number] {
  if (!Array.isArray(value)) {
    const size = integerAtLeast(minimum, name, value);
    return [size, size];
  }
  if (value.length !== 2)
    throw new TypeError(`${name} is ${shown(value)}, expected one integer, or two: [height, width]`);
  return [integerAtLeast(minimum, `${name}[0]`, value[0]), integerAtLeast(minimum, `${name}[1]`, value[1])];
}

/**
 * Checks an argument that must be one of a few values.
 * @throws TypeError where `value` is not one of `allowed`
 * @example
 * import { oneOf } from '@cnnzoo/blocks';
 *
 * console.log(oneOf(['A', 'B', 'C'], 'shortcut', 'B')); // B
 * // oneOf(['A', 'B', 'C'], 'shortcut', 'D') throws: shortcut is "D", expected one of "A", "B", "C"
 */
export function oneOf<const Value>(allowed: readonly Value[], name: string, value: unknown): Value {
  const found = allowed.find((each) => each === value);
  if (found === undefined)
    throw new TypeError(`${name} is ${shown(value)}, expected one of ${allowed.map(shown).join(', ')}`);
  return found;
}
