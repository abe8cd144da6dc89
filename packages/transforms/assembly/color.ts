/* Colours of 8-bit RGB images, four pixels at a time: the same roundings as in src/color. Each function writes up to 15 bytes behind its result. */

// biome-ignore format: tables
function reds(pixels: v128): v128 { return i8x16.swizzle(pixels, i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1)); }
// biome-ignore format: tables
function greens(pixels: v128): v128 { return i8x16.swizzle(pixels, i8x16(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1)); }
// biome-ignore format: tables
function blues(pixels: v128): v128 { return i8x16.swizzle(pixels, i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1)); }

/** Four pixels of 12 bytes, and four bytes too many. */
function storeRgb(out: usize, red: v128, green: v128, blue: v128): void {
  const planes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(red, green), i16x8.narrow_i32x4_s(blue, blue));
  v128.store(out, i8x16.swizzle(planes, i8x16(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, -1, -1, -1, -1)));
}

/** ITU-R 601 in 16-bit fixed point. */
function luma(red: v128, green: v128, blue: v128): v128 {
  const weighted = i32x4.add(
    i32x4.add(i32x4.mul(red, i32x4.splat(19595)), i32x4.mul(green, i32x4.splat(38470))),
    i32x4.add(i32x4.mul(blue, i32x4.splat(7471)), i32x4.splat(0x8000)),
  );
  return i32x4.shr_s(weighted, 16);
}

/** degenerate + factor (value - degenerate); storing cuts it off at 0 and 255. */
function blended(degenerate: v128, value: v128, factor: v128): v128 {
  const difference = f32x4.convert_i32x4_s(i32x4.sub(value, degenerate));
  return i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.convert_i32x4_s(degenerate), f32x4.mul(factor, difference)));
}

/** The sum of the pixels' luma. */
export function lumaSum(source: usize, pixels: i32): f64 {
  let total: f64 = 0;
  let i = 0;
  for (; i + 4 <= pixels; i += 4, source += 12) {
    const rgb = v128.load(source);
    const grey = luma(reds(rgb), greens(rgb), blues(rgb));
    const pairs = i32x4.add(grey, i8x16.shuffle(grey, grey, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    total += f64(i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1));
  }
  if (i < pixels) {
    const rgb = v128.load(source);
    const grey = luma(reds(rgb), greens(rgb), blues(rgb));
    total += f64(i32x4.extract_lane(grey, 0));
    if (i + 1 < pixels) total += f64(i32x4.extract_lane(grey, 1));
    if (i + 2 < pixels) total += f64(i32x4.extract_lane(grey, 2));
  }
  return total;
}

/** A blend with each pixel's luma. */
export function blendWithLuma(source: usize, out: usize, pixels: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  for (let i = 0; i < pixels; i += 4, source += 12, out += 12) {
    const rgb = v128.load(source);
    const red = reds(rgb);
    const green = greens(rgb);
    const blue = blues(rgb);
    const grey = luma(red, green, blue);
    storeRgb(out, blended(grey, red, factors), blended(grey, green, factors), blended(grey, blue, factors));
  }
}

/** Four bytes as numbers. */
function numbers(bytes: v128): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
}

/** A blend of as many values with as many others. */
export function blendWithImage(source: usize, others: usize, out: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  for (let i = 0; i < count; i += 8) {
    const first = blended(numbers(v128.load32_zero(others + i)), numbers(v128.load32_zero(source + i)), factors);
    const second = blended(numbers(v128.load32_zero(others + i, 4)), numbers(v128.load32_zero(source + i, 4)), factors);
    const words = i16x8.narrow_i32x4_s(first, second);
    v128.store64_lane(out + i, i8x16.narrow_i16x8_u(words, words), 0);
  }
}

/** (1 1 1, 1 5 1, 1 1 1) / 13 for the values from the second to the last but one of the rows in between; `out` has the others already. */
export function smooth(source: usize, out: usize, row: i32, height: i32, channels: i32): void {
  for (let y = 1; y < height - 1; y++) {
    const end = row - channels;
    for (let i = channels; i < end; i += 8) {
      const at = source + y * row + i;
      let sum = i16x8.shl(v128.load8x8_u(at), 2);
      for (let from = at - row; from <= at + row; from += row) {
        sum = i16x8.add(
          sum,
          i16x8.add(v128.load8x8_u(from - channels), i16x8.add(v128.load8x8_u(from), v128.load8x8_u(from + channels))),
        );
      }
      // Rounded: the whole part of (sum + 6.5) / 13, of up to 3,321 / 13, is that of 5,042 (sum + 6) / 65,536.
      sum = i16x8.add(sum, i16x8.splat(6));
      const factor = i16x8.splat(5042);
      const words = i16x8.narrow_i32x4_s(
        i32x4.shr_s(i32x4.extmul_low_i16x8_s(sum, factor), 16),
        i32x4.shr_s(i32x4.extmul_high_i16x8_s(sum, factor), 16),
      );
      const bytes = i8x16.narrow_i16x8_u(words, words);
      const to = out + y * row + i;
      if (i + 8 <= end) v128.store64_lane(to, bytes, 0);
      else {
        // The row's last pixel stays: by way of the scratch at the start of the memory.
        v128.store64_lane(0, bytes, 0);
        memory.copy(to, 0, end - i);
      }
    }
  }
}

/** Two halves of four numbers, in double precision. */
function lower(values: v128): v128 {
  return f64x2.convert_low_i32x4_s(values);
}
function upper(values: v128): v128 {
  return f64x2.convert_low_i32x4_s(
    i8x16.shuffle(values, values, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15),
  );
}
function lowerFloats(values: v128): v128 {
  return f64x2.promote_low_f32x4(values);
}
function upperFloats(values: v128): v128 {
  return f64x2.promote_low_f32x4(
    i8x16.shuffle(values, values, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15),
  );
}
function joined(low: v128, high: v128): v128 {
  return i8x16.shuffle(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}
/** Whole parts of two times two doubles. */
function wholes(low: v128, high: v128): v128 {
  return joined(i32x4.trunc_sat_f64x2_s_zero(low), i32x4.trunc_sat_f64x2_s_zero(high));
}

/** The whole part of float32 times 255. */
function bytesOf(floats: v128): v128 {
  const scale = f64x2.splat(255);
  return wholes(f64x2.mul(lowerFloats(floats), scale), f64x2.mul(upperFloats(floats), scale));
}

/** A sixth of the wheel's part, rounded to float32: 4 + (g - r) and 2 + (r - b) are added up in double precision. */
function plus(whole: f64, first: v128, second: v128): v128 {
  const start = f64x2.splat(whole);
  return joined(
    f32x4.demote_f64x2_zero(f64x2.sub(f64x2.add(start, lowerFloats(first)), lowerFloats(second))),
    f32x4.demote_f64x2_zero(f64x2.sub(f64x2.add(start, upperFloats(first)), upperFloats(second))),
  );
}

/** The fractional part of sixth / 6 + 1. */
function turn(sixths: v128): v128 {
  const turns = f64x2.add(f64x2.div(sixths, f64x2.splat(6)), f64x2.splat(1));
  return f64x2.sub(turns, f64x2.floor(turns));
}

/** Halves are rounded up. */
function nearest(values: v128): v128 {
  const whole = f64x2.floor(values);
  const up = v128.and(f64x2.ge(f64x2.sub(values, whole), f64x2.splat(0.5)), f64x2.splat(1));
  return f64x2.add(whole, up);
}

function shaded(value: v128, part: v128): v128 {
  return nearest(f64x2.mul(value, f64x2.sub(f64x2.splat(1), part)));
}

function fractionOf(hues: v128, sectors: v128): v128 {
  const places = f64x2.div(f64x2.mul(hues, f64x2.splat(6)), f64x2.splat(255));
  return f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(f64x2.sub(places, sectors)));
}

function rising(saturation: v128, fraction: v128): v128 {
  return f64x2.mul(saturation, f64x2.sub(f64x2.splat(1), fraction));
}

function falling(saturation: v128, fraction: v128): v128 {
  return f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(f64x2.mul(saturation, fraction)));
}

function isSector(sectors: v128, sector: i32): v128 {
  return i32x4.eq(sectors, i32x4.splat(sector));
}

/** Turns the colour wheel, by way of 8 bits of hue and of saturation. @param shift 0 to 255 */
export function shiftHue(source: usize, out: usize, pixels: i32, shift: i32): void {
  const zero = i32x4.splat(0);
  for (let i = 0; i < pixels; i += 4, source += 12, out += 12) {
    const rgb = v128.load(source);
    const red = reds(rgb);
    const green = greens(rgb);
    const blue = blues(rgb);
    const value = i32x4.max_s(red, i32x4.max_s(green, blue));
    const range = i32x4.sub(value, i32x4.min_s(red, i32x4.min_s(green, blue)));
    // A grey pixel divides by 0: its saturation is 0, and it is put back below.
    const ranges = f32x4.convert_i32x4_s(range);
    const r = f32x4.div(f32x4.convert_i32x4_s(i32x4.sub(value, red)), ranges);
    const g = f32x4.div(f32x4.convert_i32x4_s(i32x4.sub(value, green)), ranges);
    const b = f32x4.div(f32x4.convert_i32x4_s(i32x4.sub(value, blue)), ranges);
    const sixth = v128.bitselect(
      f32x4.sub(b, g),
      v128.bitselect(plus(2, r, b), plus(4, g, r), i32x4.eq(green, value)),
      i32x4.eq(red, value),
    );
    const turns = joined(
      f32x4.demote_f64x2_zero(turn(lowerFloats(sixth))),
      f32x4.demote_f64x2_zero(turn(upperFloats(sixth))),
    );
    const grey = i32x4.eq(range, zero);
    const saturation = v128.andnot(bytesOf(f32x4.div(ranges, f32x4.convert_i32x4_s(value))), grey);
    const hue = v128.and(i32x4.add(v128.andnot(bytesOf(turns), grey), i32x4.splat(shift)), i32x4.splat(255));
    // hue 6 / 255, of 0 to 6: 257 / 65,536 and a little is 1 / 255.
    const sixfold = i32x4.mul(hue, i32x4.splat(6));
    const sector = i32x4.shr_s(i32x4.mul(i32x4.add(sixfold, i32x4.splat(1)), i32x4.splat(257)), 16);
    const s = f32x4.div(f32x4.convert_i32x4_s(saturation), f32x4.splat(255));
    const lowS = lowerFloats(s);
    const highS = upperFloats(s);
    const lowValue = lower(value);
    const highValue = upper(value);
    const lowFraction = fractionOf(lower(hue), lower(sector));
    const highFraction = fractionOf(upper(hue), upper(sector));
    const p = wholes(shaded(lowValue, lowS), shaded(highValue, highS));
    const q = wholes(shaded(lowValue, falling(lowS, lowFraction)), shaded(highValue, falling(highS, highFraction)));
    const t = wholes(shaded(lowValue, rising(lowS, lowFraction)), shaded(highValue, rising(highS, highFraction)));
    const first = v128.or(isSector(sector, 0), isSector(sector, 6));
    const second = isSector(sector, 1);
    const third = isSector(sector, 2);
    const fourth = isSector(sector, 3);
    const fifth = isSector(sector, 4);
    const sixthSector = isSector(sector, 5);
    let outRed = v128.bitselect(value, p, v128.or(first, sixthSector));
    outRed = v128.bitselect(q, v128.bitselect(t, outRed, fifth), second);
    let outGreen = v128.bitselect(value, p, v128.or(second, third));
    outGreen = v128.bitselect(t, v128.bitselect(q, outGreen, fourth), first);
    let outBlue = v128.bitselect(value, p, v128.or(fourth, fifth));
    outBlue = v128.bitselect(t, v128.bitselect(q, outBlue, sixthSector), third);
    const unsaturated = i32x4.eq(saturation, zero);
    storeRgb(
      out,
      v128.bitselect(value, outRed, unsaturated),
      v128.bitselect(value, outGreen, unsaturated),
      v128.bitselect(value, outBlue, unsaturated),
    );
  }
}
