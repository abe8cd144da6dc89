/*
 * Pillow's resampling of 8-bit images, the same integers as in src/image/resample.ts: weights have 22 fractional bits. SIMD multiplies 16 bits
 * by 16 and adds neighbours up, so a weight w comes as two halves, w = 2048 high + low, and taps come in pairs: [high, high, low, low], 8 bytes.
 */
const lowBits = 11;
const half = 1 << 21;

/** Of 16 bytes RGB RGB ...: the first two pixels as pairs of 16 bits, one pair a channel. */
// biome-ignore format: a table
function firstPairRgb(pixels: v128): v128 { return i8x16.swizzle(pixels, i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)); }
// biome-ignore format: a table
function secondPairRgb(pixels: v128): v128 { return i8x16.swizzle(pixels, i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1)); }
// biome-ignore format: a table
function firstPairRgba(pixels: v128): v128 { return i8x16.swizzle(pixels, i8x16(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1)); }
// biome-ignore format: a table
function secondPairRgba(pixels: v128): v128 { return i8x16.swizzle(pixels, i8x16(8, -1, 12, -1, 9, -1, 13, -1, 10, -1, 14, -1, 11, -1, 15, -1)); }
/** Of four grey values 0 1 2 3: 0 1, 0 1, 2 3, 2 3. */
// biome-ignore format: a table
function pairsGrey(values: v128): v128 { return i8x16.swizzle(values, i8x16(0, -1, 1, -1, 0, -1, 1, -1, 2, -1, 3, -1, 2, -1, 3, -1)); }

/** The sums without the bits behind the point, cut off at 0 and 255, in the lowest four bytes. */
function rounded(high: v128, low: v128): v128 {
  const sums = i32x4.shr_s(i32x4.add(i32x4.shl(high, lowBits), low), 22);
  const words = i16x8.narrow_i32x4_s(sums, sums);
  return i8x16.narrow_i16x8_u(words, words);
}

// biome-ignore format: a row for each
class Rgb { r: u8; g: u8; b: u8 }
// biome-ignore format: a row for each
class Rgba { r: u8; g: u8; b: u8; a: u8 }

/**
 * Along the rows, with a loop of its own for each kind of pixel, whose size is a constant in it.
 * @param starts bytes from a row's start to the first tap of each pixel
 * @param quads groups of four taps of a pixel
 */
function rowsOf<Pixel>(
  source: usize,
  out: usize,
  weights: usize,
  starts: usize,
  quads: i32,
  inRow: i32,
  width: i32,
  height: i32,
): void {
  const size = offsetof<Pixel>();
  for (let y = 0; y < height; y++) {
    let weight = weights;
    for (let x = 0; x < width; x++) {
      let from = source + load<i32>(starts + (x << 2));
      let high = i32x4.splat(0);
      let low = i32x4.splat(half);
      for (let quad = 0; quad < quads; quad++) {
        const pixels = v128.load(from);
        const first = size === 3 ? firstPairRgb(pixels) : firstPairRgba(pixels);
        const second = size === 3 ? secondPairRgb(pixels) : secondPairRgba(pixels);
        high = i32x4.add(high, i32x4.dot_i16x8_s(first, v128.load32_splat(weight)));
        low = i32x4.add(low, i32x4.dot_i16x8_s(first, v128.load32_splat(weight, 4)));
        high = i32x4.add(high, i32x4.dot_i16x8_s(second, v128.load32_splat(weight, 8)));
        low = i32x4.add(low, i32x4.dot_i16x8_s(second, v128.load32_splat(weight, 12)));
        from += 4 * size;
        weight += 16;
      }
      // Of RGB a byte too many: the next pixel writes over it.
      v128.store32_lane(out, rounded(high, low), 0);
      out += size;
    }
    source += inRow;
  }
}

// biome-ignore format: a row for each
export function rowsRgb(source: usize, out: usize, weights: usize, starts: usize, quads: i32, inRow: i32, width: i32, height: i32): void {
  rowsOf<Rgb>(source, out, weights, starts, quads, inRow, width, height);
}

// biome-ignore format: a row for each
export function rowsRgba(source: usize, out: usize, weights: usize, starts: usize, quads: i32, inRow: i32, width: i32, height: i32): void {
  rowsOf<Rgba>(source, out, weights, starts, quads, inRow, width, height);
}

export function rowsGrey(
  source: usize,
  out: usize,
  weights: usize,
  starts: usize,
  quads: i32,
  inRow: i32,
  width: i32,
  height: i32,
): void {
  for (let y = 0; y < height; y++) {
    let weight = weights;
    for (let x = 0; x < width; x++) {
      let from = source + load<i32>(starts + (x << 2));
      // high, low, high, low
      let sums = i32x4(0, half, 0, 0);
      for (let quad = 0; quad < quads; quad++) {
        sums = i32x4.add(sums, i32x4.dot_i16x8_s(pairsGrey(v128.load32_zero(from)), v128.load(weight)));
        from += 4;
        weight += 16;
      }
      sums = i32x4.add(sums, i8x16.shuffle(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
      const low = i8x16.shuffle(sums, sums, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
      v128.store8_lane(out, rounded(sums, low), 0);
      out += 1;
    }
    source += inRow;
  }
}

/** Along the columns. @param starts bytes to the first row of each row of the result @param counts its taps @param stride bytes of weights of a row */
export function columns(
  source: usize,
  out: usize,
  weights: usize,
  starts: usize,
  counts: usize,
  stride: i32,
  row: i32,
  height: i32,
): void {
  const zero = i32x4.splat(0);
  for (let y = 0; y < height; y++) {
    const first = source + load<i32>(starts + (y << 2));
    const pairs = (load<i32>(counts + (y << 2)) + 1) >> 1;
    for (let i = 0; i < row; i += 16) {
      let high0 = zero;
      let high1 = zero;
      let high2 = zero;
      let high3 = zero;
      let low0 = i32x4.splat(half);
      let low1 = low0;
      let low2 = low0;
      let low3 = low0;
      let from = first + i;
      let weight = weights;
      for (let pair = 0; pair < pairs; pair++) {
        const upper = v128.load(from);
        const lower = v128.load(from + row);
        const left = i8x16.shuffle(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const right = i8x16.shuffle(upper, lower, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        const taps0 = i16x8.extend_low_i8x16_u(left);
        const taps1 = i16x8.extend_high_i8x16_u(left);
        const taps2 = i16x8.extend_low_i8x16_u(right);
        const taps3 = i16x8.extend_high_i8x16_u(right);
        const high = v128.load32_splat(weight);
        const low = v128.load32_splat(weight, 4);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(taps0, high));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(taps1, high));
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(taps2, high));
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(taps3, high));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(taps0, low));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(taps1, low));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(taps2, low));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(taps3, low));
        from += row << 1;
        weight += 8;
      }
      const sums0 = i32x4.shr_s(i32x4.add(i32x4.shl(high0, lowBits), low0), 22);
      const sums1 = i32x4.shr_s(i32x4.add(i32x4.shl(high1, lowBits), low1), 22);
      const sums2 = i32x4.shr_s(i32x4.add(i32x4.shl(high2, lowBits), low2), 22);
      const sums3 = i32x4.shr_s(i32x4.add(i32x4.shl(high3, lowBits), low3), 22);
      // Up to 15 bytes too many: the next row writes over them.
      v128.store(out + i, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(sums0, sums1), i16x8.narrow_i32x4_s(sums2, sums3)));
    }
    out += row;
    weights += stride;
  }
}
