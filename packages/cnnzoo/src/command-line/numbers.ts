/** Numbers as people read them. */

/** 25,557,032 as 25.6 M, 4.1e9 as 4.1 G. */
export function short(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (value >= 0.9995 * size) return `${rounded(value / size)} ${unit}`;
  return rounded(value);
}

/** Bytes in units of 10^3 or 10^6, as file managers have them. */
export function fileSize(bytes: number): string {
  return bytes < 1e5 ? `${rounded(bytes / 1e3)} kB` : `${rounded(bytes / 1e6)} MB`;
}

function rounded(value: number): string {
  return value >= 99.95 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value >= 0.95 ? 1 : 2);
}

/** 25557032 as 25,557,032. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
