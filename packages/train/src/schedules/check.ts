/** @throws RangeError naming the option unless it is a finite number above 0 */
export function checkPositive(name: string, value: number): void {
  if (!(value > 0 && value < Infinity)) throw new RangeError(`${name} must be above 0 and finite, got ${value}`);
}

/** @throws RangeError naming the option unless it is from 0 to 1 */
export function checkFactor(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} must be from 0 to 1, got ${value}`);
}
