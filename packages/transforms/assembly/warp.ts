/* Pillow's geometric transforms of 8-bit RGB images, the same numbers as in src/geometry/warp.ts: `out` has the fill colour already. */

/** In 16.16 fixed point. */
export function nearestAffine(
  source: usize,
  out: usize,
  inWidth: i32,
  inHeight: i32,
  width: i32,
  height: i32,
  rowX: i32,
  rowY: i32,
  stepX: i32,
  stepY: i32,
  downX: i32,
  downY: i32,
): void {
  for (let row = 0; row < height; row++) {
    let x = rowX;
    let y = rowY;
    for (let column = 0; column < width; column++) {
      const fromX = x >> 16;
      const fromY = y >> 16;
      if (u32(fromX) < u32(inWidth) && u32(fromY) < u32(inHeight)) {
        const from = source + (fromY * inWidth + fromX) * 3;
        store<u16>(out, load<u16>(from));
        store<u8>(out, load<u8>(from, 2), 2);
      }
      out += 3;
      x += stepX;
      y += stepY;
    }
    rowX += downX;
    rowY += downY;
  }
}

/** Red and green of a pixel, in double precision. */
function redGreen(pixel: v128): v128 {
  return f64x2.convert_low_i32x4_s(pixel);
}
function blueOf(pixel: v128): v128 {
  return f64x2.convert_low_i32x4_s(
    i8x16.shuffle(pixel, pixel, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15),
  );
}
function pixelAt(from: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from)));
}
function between(first: v128, second: v128, distance: v128): v128 {
  return f64x2.add(first, f64x2.mul(f64x2.sub(second, first), distance));
}

/** @param matrix eight doubles: a b c, d e f, g h */
export function bilinear(
  source: usize,
  out: usize,
  inWidth: i32,
  inHeight: i32,
  width: i32,
  height: i32,
  matrix: usize,
): void {
  const across = f64x2(load<f64>(matrix), load<f64>(matrix, 24));
  const down = f64x2(load<f64>(matrix, 8), load<f64>(matrix, 32));
  const start = f64x2(load<f64>(matrix, 16), load<f64>(matrix, 40));
  const g = load<f64>(matrix, 48);
  const h = load<f64>(matrix, 56);
  const flat = g === 0 && h === 0;
  const zero = f64x2.splat(0);
  const half = f64x2.splat(0.5);
  const size = f64x2(f64(inWidth), f64(inHeight));
  for (let row = 0; row < height; row++) {
    const y = f64(row) + 0.5;
    const downY = f64x2.mul(down, f64x2.splat(y));
    for (let column = 0; column < width; column++) {
      const x = f64(column) + 0.5;
      let from = f64x2.add(f64x2.add(f64x2.mul(across, f64x2.splat(x)), downY), start);
      if (!flat) from = f64x2.div(from, f64x2.splat(g * x + h * y + 1));
      if (i64x2.all_true(v128.and(f64x2.ge(from, zero), f64x2.lt(from, size)))) {
        const center = f64x2.sub(from, half);
        const corner = f64x2.floor(center);
        const distance = f64x2.sub(center, corner);
        const corners = i32x4.trunc_sat_f64x2_s_zero(corner);
        const left = i32x4.extract_lane(corners, 0);
        const top = i32x4.extract_lane(corners, 1);
        const x0 = max(left, 0) * 3;
        const x1 = min(left + 1, inWidth - 1) * 3;
        const upperRow = source + max(top, 0) * inWidth * 3;
        const lowerRow = source + min(top + 1, inHeight - 1) * inWidth * 3;
        const upperLeft = pixelAt(upperRow + x0);
        const upperRight = pixelAt(upperRow + x1);
        const lowerLeft = pixelAt(lowerRow + x0);
        const lowerRight = pixelAt(lowerRow + x1);
        const dx = i8x16.shuffle(distance, distance, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
        const dy = i8x16.shuffle(distance, distance, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
        const colors = between(
          between(redGreen(upperLeft), redGreen(upperRight), dx),
          between(redGreen(lowerLeft), redGreen(lowerRight), dx),
          dy,
        );
        const blue = between(
          between(blueOf(upperLeft), blueOf(upperRight), dx),
          between(blueOf(lowerLeft), blueOf(lowerRight), dx),
          dy,
        );
        const whole = i64x2.shuffle(i32x4.trunc_sat_f64x2_s_zero(colors), i32x4.trunc_sat_f64x2_s_zero(blue), 0, 2);
        const words = i16x8.narrow_i32x4_s(whole, whole);
        const bytes = i8x16.narrow_i16x8_u(words, words);
        v128.store16_lane(out, bytes, 0);
        v128.store8_lane(out, bytes, 2, 2);
      }
      out += 3;
    }
  }
}
