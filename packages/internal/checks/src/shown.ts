/** Strings are cut to this many characters, so that an error fits into a few lines of a terminal. */
const longestString = 100;
/** Arrays and objects are cut to this many elements. */
const mostElements = 8;

/**
 * A value as an error message shows it: short, on one line, without control characters. Never throws, whatever the value is.
 * @param value anything
 * @param depth how many levels of arrays and objects are opened
 */
export function shown(value: unknown, depth = 2): string {
  try {
    return print(value, depth);
  } catch {
    // A revoked proxy or a getter that throws.
    return 'a value that cannot be shown';
  }
}

function print(value: unknown, depth: number): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'symbol') return `Symbol(${quoted(value.description ?? '')})`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
  if (Array.isArray(value))
    return depth === 0 ? `an array of ${value.length}` : `[${some(value, (element) => shown(element, depth - 1))}]`;
  const { dtype, shape, isDisposed, length } = value as Readonly<Record<string, unknown>>;
  if (typeof dtype === 'string' && Array.isArray(shape)) {
    const kind = `${isDisposed === true ? 'disposed ' : ''}${quoted(dtype, '')}`;
    return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind} tensor ${shown(shape, 1)}`;
  }
  const name = quoted(String(Object.getPrototypeOf(value)?.constructor?.name ?? 'Object'), '');
  if (ArrayBuffer.isView(value)) return typeof length === 'number' ? `a ${name} of ${length}` : `a ${name}`;
  if (name !== 'Object') return `an instance of ${name}`;
  const keys = Object.keys(value);
  if (keys.length === 0) return '{}';
  if (depth === 0) return '{ … }';
  const entries = value as Record<string, unknown>;
  return `{ ${some(keys, (key) => `${quoted(key, '')}: ${shown(entries[key], depth - 1)}`)} }`;
}

function some<T>(values: readonly T[], print: (value: T) => string): string {
  const first = Array.from(values.slice(0, mostElements), print);
  return [...first, ...(values.length > mostElements ? [`… ${values.length} in all`] : [])].join(', ');
}

function quoted(text: string, quote = "'"): string {
  const cut = text.length > longestString ? `${text.slice(0, longestString)}…` : text;
  // JSON escapes control characters; its own quotes are replaced. Line separators and C1 control characters are all it leaves.
  const escaped = JSON.stringify(cut).slice(1, -1).replaceAll('\\"', '"');
  return `${quote}${escaped.replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '?')}${quote}`;
}
