/* The same as in src/geometry/flip.ts. */

/** Mirrors RGB pixels: left becomes right. */
export function mirrorRgb(source: usize, out: usize, width: i32, height: i32): void {
  const row = 3 * width;
  for (let y = 0; y < height; y++) {
    let end = out + row;
    const sourceEnd = source + row;
    // Five pixels at a time, from the end on; the byte in front of them is written by the next.
    for (; source + 18 <= sourceEnd; source += 15, end -= 15) {
      const pixels = v128.load(source);
      v128.store(end - 16, v128.shuffle<u8>(pixels, pixels, 0, 12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2));
    }
    for (; source < sourceEnd; source += 3) {
      end -= 3;
      store<u8>(end, load<u8>(source));
      store<u8>(end, load<u8>(source, 1), 1);
      store<u8>(end, load<u8>(source, 2), 2);
    }
    out += row;
  }
}
