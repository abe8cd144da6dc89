/*
 * Chroma at twice its width and height, each value three parts of the nearest and one of the next (jdsample.c), in WebAssembly's 128 bits.
 * Reads a byte in front of a row and up to 15 behind it, and writes full 16 bytes: libjpeg-turbo's rows end on multiples of 32.
 */
#include "wasm.h"
#include <wasm_simd128.h>

/* Three parts of `near` and one of `far` at eight places. */
INLINED v128_t column(const JSAMPLE *near, const JSAMPLE *far) {
  v128_t one = wasm_u16x8_load8x8(near);
  return wasm_i16x8_add(wasm_i16x8_add(wasm_i16x8_add(one, one), one), wasm_u16x8_load8x8(far));
}

INLINED void row_h2v2(const JSAMPLE *near, const JSAMPLE *far, JSAMPLE *out, JDIMENSION width) {
  v128_t seven = wasm_i16x8_const_splat(7), eight = wasm_i16x8_const_splat(8);
  for (JDIMENSION x = 0; x < width; x += 8) {
    v128_t this = column(near + x, far + x), last = column(near + x - 1, far + x - 1), next = column(near + x + 1, far + x + 1);
    this = wasm_i16x8_add(wasm_i16x8_add(this, this), this);
    v128_t left = wasm_u16x8_shr(wasm_i16x8_add(wasm_i16x8_add(this, last), eight), 4);
    v128_t right = wasm_u16x8_shr(wasm_i16x8_add(wasm_i16x8_add(this, next), seven), 4);
    wasm_v128_store(out + 2 * x, wasm_v128_or(left, wasm_i16x8_shl(right, 8)));
  }
  /* Beyond the edges there is nothing. */
  JDIMENSION end = width - 1;
  out[0] = (JSAMPLE)((4 * (3 * near[0] + far[0]) + 8) >> 4);
  out[2 * end + 1] = (JSAMPLE)((4 * (3 * near[end] + far[end]) + 7) >> 4);
}

void h2v2_fancy_upsample_wasm(int factor, JDIMENSION width, JSAMPARRAY input, JSAMPARRAY output) {
  for (int row = 0; row < factor / 2; row++) {
    row_h2v2(input[row], input[row - 1], output[2 * row], width);
    row_h2v2(input[row], input[row + 1], output[2 * row + 1], width);
  }
}

void h2v1_fancy_upsample_wasm(int factor, JDIMENSION width, JSAMPARRAY input, JSAMPARRAY output) {
  v128_t one = wasm_i16x8_const_splat(1), two = wasm_i16x8_const_splat(2);
  for (int row = 0; row < factor; row++) {
    const JSAMPLE *in = input[row];
    JSAMPLE *out = output[row];
    for (JDIMENSION x = 0; x < width; x += 8) {
      v128_t this = wasm_u16x8_load8x8(in + x), three = wasm_i16x8_add(wasm_i16x8_add(this, this), this);
      v128_t left = wasm_u16x8_shr(wasm_i16x8_add(wasm_i16x8_add(three, wasm_u16x8_load8x8(in + x - 1)), one), 2);
      v128_t right = wasm_u16x8_shr(wasm_i16x8_add(wasm_i16x8_add(three, wasm_u16x8_load8x8(in + x + 1)), two), 2);
      wasm_v128_store(out + 2 * x, wasm_v128_or(left, wasm_i16x8_shl(right, 8)));
    }
    out[0] = in[0];
    out[2 * width - 1] = in[width - 1];
  }
}
