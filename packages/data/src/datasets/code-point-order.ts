const surrogate = /[\ud800-\udfff]/;

/** Sorts strings in place as Python does, by code points; JavaScript alone compares the halves of emoji and the like. */
export function sortByCodePoints(texts: string[]): string[] {
  return texts.some((text) => surrogate.test(text)) ? texts.sort(compareCodePoints) : texts.sort();
}

function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    // Halves of what is above 0xffff come after all that is below.
    if (x !== y) return x - y + (isHalf(x) ? 0x10000 : 0) - (isHalf(y) ? 0x10000 : 0);
  }
  return a.length - b.length;
}

function isHalf(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
