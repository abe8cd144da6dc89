/** Numbers as tables and drawings show them. */

/** An integer with commas between thousands. */
export function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Bytes in the largest unit (powers of 1024) that leaves at least 1. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = count < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  return `${power === 0 ? count : (count / 1024 ** power).toFixed(2)} ${units[power]}`;
}

/** A count in three digits with its unit, as in 4.09 G. */
export function short(count: number): string {
  const units = ['', ' k', ' M', ' G', ' T'];
  let power = 0;
  let value = count;
  while (value >= 999.5 && power < units.length - 1) {
    value /= 1000;
    power++;
  }
  return `${power === 0 ? value : value.toPrecision(3)}${units[power]}`;
}
