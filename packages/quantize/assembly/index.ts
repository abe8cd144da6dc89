/** Counts numbers in bins of even width, as ../src/calibrate/bins/even-bins.ts says. Places are bytes from the start of memory. */

/** Added to a float32 from 0 to 2^22, it leaves that number as a whole one in the lowest bits. */
const rounding: f32 = 8388608;
const roundingBits: i32 = 0x4b000000;

/**
 * @param count a multiple of four
 * @param counts four histograms of bins + 1 numbers of 32 bits, the last of which is for what lies outside. After ReLU most values are the same, and a counter that was just written
 *   would be waited for: so values that follow each other go to different histograms.
 * @param extremes four smallest values, four largest ones, and four masks that say whether there was one that is no number: of what was counted before, and of all afterwards
 */
export function countInBins(
  source: usize,
  count: i32,
  counts: usize,
  bins: i32,
  first: f32,
  last: f32,
  width: f32,
  binsPerUnit: f32,
  extremes: usize,
): void {
  const firsts = f32x4.splat(first);
  const lasts = f32x4.splat(last);
  const widths = f32x4.splat(width);
  const factors = f32x4.splat(binsPerUnit);
  const roundings = f32x4.splat(rounding);
  const bits = i32x4.splat(roundingBits);
  const lowest = i32x4.splat(0);
  const highest = i32x4.splat(bins - 1);
  const outside = i32x4.splat(bins);
  const size = (bins + 1) << 2;
  const start = <i32>counts;
  let places = i32x4.splat(start);
  places = i32x4.replace_lane(places, 1, start + size);
  places = i32x4.replace_lane(places, 2, start + 2 * size);
  places = i32x4.replace_lane(places, 3, start + 3 * size);
  let least = v128.load(extremes);
  let most = v128.load(extremes, 16);
  let noNumbers = v128.load(extremes, 32);
  const end = source + ((<usize>count) << 2);
  for (; source < end; source += 16) {
    const values = v128.load(source);
    least = f32x4.pmin(least, values);
    most = f32x4.pmax(most, values);
    noNumbers = v128.or(noNumbers, f32x4.ne(values, values));
    // The nearest edge. Where it is above the value, the bin is the one below: a comparison that holds is -1.
    const rounded = f32x4.add(f32x4.mul(f32x4.sub(values, firsts), factors), roundings);
    const edges = f32x4.add(f32x4.mul(f32x4.sub(rounded, roundings), widths), firsts);
    const below = i32x4.add(i32x4.sub(rounded, bits), f32x4.lt(values, edges));
    const bin = i32x4.max_s(i32x4.min_s(below, highest), lowest);
    const inside = v128.and(f32x4.ge(values, firsts), f32x4.le(values, lasts));
    const place = i32x4.add(i32x4.shl(v128.bitselect(bin, outside, inside), 2), places);
    const a = i32x4.extract_lane(place, 0);
    store<i32>(a, load<i32>(a) + 1);
    const b = i32x4.extract_lane(place, 1);
    store<i32>(b, load<i32>(b) + 1);
    const c = i32x4.extract_lane(place, 2);
    store<i32>(c, load<i32>(c) + 1);
    const d = i32x4.extract_lane(place, 3);
    store<i32>(d, load<i32>(d) + 1);
  }
  v128.store(extremes, least);
  v128.store(extremes, most, 16);
  v128.store(extremes, noNumbers, 32);
}
