/* Values looked up in tables, counted, and turned into the numbers that a network reads: the same as in src/color and src/image/normalize.ts. */

/** Of one table of 256 values. */
export function lookUp(source: usize, out: usize, count: i32, table: usize): void {
  for (let i = 0; i < count; i++) store<u8>(out + i, load<u8>(table + load<u8>(source + i)));
}

/** Of three tables, one for each channel of an RGB image. */
export function lookUpRgb(source: usize, out: usize, pixels: i32, tables: usize): void {
  for (let i = 0; i < pixels; i++) {
    store<u8>(out, load<u8>(tables + load<u8>(source)));
    store<u8>(out, load<u8>(tables + load<u8>(source, 1), 256), 1);
    store<u8>(out, load<u8>(tables + load<u8>(source, 2), 512), 2);
    source += 3;
    out += 3;
  }
}

function countOne(counts: usize, value: i32): void {
  const place = counts + (value << 2);
  store<u32>(place, load<u32>(place) + 1);
}

/** Adds up how often each value occurs in each channel of an RGB image, in three times 256 numbers. */
export function histogramRgb(source: usize, pixels: i32, counts: usize): void {
  for (let i = 0; i < pixels; i++) {
    countOne(counts, load<u8>(source));
    countOne(counts, load<u8>(source, 1) + 256);
    countOne(counts, load<u8>(source, 2) + 512);
    source += 3;
  }
}

function normalized(bytes: v128, mean: v128, deviation: v128): v128 {
  const values = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes)));
  return f32x4.div(f32x4.sub(f32x4.div(values, f32x4.splat(255)), mean), deviation);
}

/** (value / 255 - mean) / deviation in float32. @param statistics 12 means and 12 deviations: of each channel in turn, which 1, 3 and 4 channels fill */
export function normalize(source: usize, out: usize, count: i32, statistics: usize): void {
  const mean0 = v128.load(statistics);
  const mean1 = v128.load(statistics, 16);
  const mean2 = v128.load(statistics, 32);
  const deviation0 = v128.load(statistics, 48);
  const deviation1 = v128.load(statistics, 64);
  const deviation2 = v128.load(statistics, 80);
  for (let i = 0; i < count; i += 12) {
    v128.store(out, normalized(v128.load32_zero(source), mean0, deviation0));
    v128.store(out, normalized(v128.load32_zero(source, 4), mean1, deviation1), 16);
    v128.store(out, normalized(v128.load32_zero(source, 8), mean2, deviation2), 32);
    source += 12;
    out += 48;
  }
}
