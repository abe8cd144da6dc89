/*
 * Colours of JPEG as RGB (jdcolext.c) in WebAssembly's 128 bits. Each product is rounded as in jdcolor.c's tables, which was tried for all 256 values.
 * Writes up to 45 bytes behind a row.
 */
#include "wasm.h"
#include <wasm_simd128.h>

typedef struct {
  v128_t r, g, b;
} colours;

/* Eight pixels: y as it is, cb and cr less 128. */
INLINED colours convert(v128_t y, v128_t cb, v128_t cr) {
  v128_t factors = wasm_i16x8_const(-22554, 18734, -22554, 18734, -22554, 18734, -22554, 18734), half = wasm_i32x4_const_splat(32768);
  v128_t low = wasm_i32x4_dot_i16x8(wasm_i16x8_shuffle(cb, cr, 0, 8, 1, 9, 2, 10, 3, 11), factors);
  v128_t high = wasm_i32x4_dot_i16x8(wasm_i16x8_shuffle(cb, cr, 4, 12, 5, 13, 6, 14, 7, 15), factors);
  v128_t g = wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(wasm_i32x4_add(low, half), 16), wasm_i32x4_shr(wasm_i32x4_add(high, half), 16));
  colours result = {
    /* 1.402 = 1 + 0.402 */
    wasm_i16x8_add(wasm_i16x8_add(y, cr), wasm_i16x8_q15mulr_sat(cr, wasm_i16x8_const_splat(13173))),
    /* -0.34414 and -0.71414 = 0.28586 - 1 */
    wasm_i16x8_add(wasm_i16x8_sub(y, cr), g),
    /* 1.772 = 2 - 0.228 */
    wasm_i16x8_add(wasm_i16x8_add(y, wasm_i16x8_add(cb, cb)), wasm_i16x8_q15mulr_sat(cb, wasm_i16x8_const_splat(-7471)))
  };
  return result;
}

void ycc_rgb_convert_wasm(JDIMENSION width, JSAMPIMAGE input, JDIMENSION row, JSAMPARRAY output, int rows) {
  v128_t centre = wasm_i16x8_const_splat(128);
  for (; rows > 0; rows--, row++, output++) {
    const JSAMPLE *ys = input[0][row], *cbs = input[1][row], *crs = input[2][row];
    JSAMPLE *out = *output;
    for (JDIMENSION x = 0; x < width; x += 16, out += 48) {
      v128_t y = wasm_v128_load(ys + x), cb = wasm_v128_load(cbs + x), cr = wasm_v128_load(crs + x);
      colours low = convert(wasm_u16x8_extend_low_u8x16(y), wasm_i16x8_sub(wasm_u16x8_extend_low_u8x16(cb), centre),
                            wasm_i16x8_sub(wasm_u16x8_extend_low_u8x16(cr), centre));
      colours high = convert(wasm_u16x8_extend_high_u8x16(y), wasm_i16x8_sub(wasm_u16x8_extend_high_u8x16(cb), centre),
                             wasm_i16x8_sub(wasm_u16x8_extend_high_u8x16(cr), centre));
      v128_t r = wasm_u8x16_narrow_i16x8(low.r, high.r), g = wasm_u8x16_narrow_i16x8(low.g, high.g), b = wasm_u8x16_narrow_i16x8(low.b, high.b);
      v128_t rg = wasm_i8x16_shuffle(r, g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
      wasm_v128_store(out, wasm_i8x16_shuffle(rg, b, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
      rg = wasm_i8x16_shuffle(r, g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
      wasm_v128_store(out + 16, wasm_i8x16_shuffle(rg, b, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15));
      rg = wasm_i8x16_shuffle(r, g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
      wasm_v128_store(out + 32, wasm_i8x16_shuffle(rg, b, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31));
    }
  }
}
