/** A value as an error message shows it: short, on one line, without control characters. Never throws, whatever the value is. */
export function shown(value: unknown): string {
  try {
    return print(value)
      .slice(0, 120)
      .replace(/[\p{C}\u2028\u2029]/gu, '?');
  } catch {
    // A revoked proxy, a getter that throws, or no prototype.
    return 'an object';
  }
}

function print(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value))
    return value.length > 8 ? `an array of ${value.length}` : `[${value.map(shown).join(', ')}]`;
  if (Object(value) !== value) return String(value);
  const { dtype, shape, isDisposed, constructor: made } = value as Readonly<Record<string, unknown>>;
  if (shape) return `${isDisposed ? 'disposed ' : ''}${dtype} tensor [${(shape as unknown[]).join(', ')}]`;
  if (made !== Object) return `an instance of ${(made as { name: string }).name}`;
  return `{ ${Object.keys(value as object).join(', ')} }`.replace('{  }', '{}');
}
