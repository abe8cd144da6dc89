/*
 * The accurate inverse DCT (jidctint.c) in WebAssembly's 128 bits, step for step as libjpeg-turbo's SSE2 has it (jidctint-sse2.asm): the bits are
 * equal, those of damaged files too, whose sums leave 16 bits.
 */
#include "wasm.h"
#include <wasm_simd128.h>

#define CONST_BITS 13
#define PASS1_BITS 2

#define F_0_298 2446
#define F_0_390 3196
#define F_0_541 4433
#define F_0_765 6270
#define F_0_899 7373
#define F_1_175 9633
#define F_1_501 12299
#define F_1_847 15137
#define F_1_961 16069
#define F_2_053 16819
#define F_2_562 20995
#define F_3_072 25172

#define PAIR(a, b) wasm_i16x8_const(a, b, a, b, a, b, a, b)
#define LOW(a, b) wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH(a, b) wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

#define BYTES_LOW(a, b) wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define BYTES_HIGH(a, b) wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

/* 32 bits for each of a vector's eight values. */
typedef struct {
  v128_t low, high;
} wide;

INLINED wide add(wide a, wide b) { return (wide){wasm_i32x4_add(a.low, b.low), wasm_i32x4_add(a.high, b.high)}; }
INLINED wide subtract(wide a, wide b) { return (wide){wasm_i32x4_sub(a.low, b.low), wasm_i32x4_sub(a.high, b.high)}; }
/* a times the pair's first number and b times its second. */
INLINED wide dot(v128_t a, v128_t b, v128_t pair) {
  return (wide){wasm_i32x4_dot_i16x8(LOW(a, b), pair), wasm_i32x4_dot_i16x8(HIGH(a, b), pair)};
}
INLINED wide scaled(v128_t a) {
  return (wide){wasm_i32x4_shl(wasm_i32x4_extend_low_i16x8(a), CONST_BITS), wasm_i32x4_shl(wasm_i32x4_extend_high_i16x8(a), CONST_BITS)};
}
INLINED v128_t without(wide a, int bits) {
  return wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(a.low, bits), wasm_i32x4_shr(a.high, bits));
}

/* Eight one-dimensional transforms beside each other: `shift` bits go at the end. Of `half` only the first four values may differ from 0. */
INLINED void transform(v128_t v[8], int shift, int half) {
  v128_t ones = wasm_i32x4_splat(1 << (shift - 1));
  wide round = {ones, ones}, even[4], odd[4];

  wide tmp0 = scaled(half ? v[0] : wasm_i16x8_add(v[0], v[4]));
  wide tmp1 = scaled(half ? v[0] : wasm_i16x8_sub(v[0], v[4]));
  wide tmp2 = dot(v[2], v[6], PAIR(F_0_541, F_0_541 - F_1_847));
  wide tmp3 = dot(v[2], v[6], PAIR(F_0_541 + F_0_765, F_0_541));
  even[0] = add(tmp0, tmp3);
  even[1] = add(tmp1, tmp2);
  even[2] = subtract(tmp1, tmp2);
  even[3] = subtract(tmp0, tmp3);

  v128_t z3 = half ? v[3] : wasm_i16x8_add(v[7], v[3]), z4 = half ? v[1] : wasm_i16x8_add(v[5], v[1]);
  wide y3 = dot(z3, z4, PAIR(F_1_175 - F_1_961, F_1_175));
  wide y4 = dot(z3, z4, PAIR(F_1_175, F_1_175 - F_0_390));
  odd[0] = add(dot(v[1], v[7], PAIR(F_1_501 - F_0_899, -F_0_899)), y4);
  odd[1] = add(dot(v[3], v[5], PAIR(F_3_072 - F_2_562, -F_2_562)), y3);
  odd[2] = add(dot(v[5], v[3], PAIR(F_2_053 - F_2_562, -F_2_562)), y4);
  odd[3] = add(dot(v[7], v[1], PAIR(F_0_298 - F_0_899, -F_0_899)), y3);

  for (int i = 0; i < 4; i++) {
    wide rounded = add(even[i], round);
    v[i] = without(add(rounded, odd[i]), shift);
    v[7 - i] = without(subtract(rounded, odd[i]), shift);
  }
}

INLINED void interleave(const v128_t from[8], v128_t to[8]) {
  for (int i = 0; i < 4; i++) {
    to[2 * i] = LOW(from[i], from[i + 4]);
    to[2 * i + 1] = HIGH(from[i], from[i + 4]);
  }
}

INLINED void transpose(v128_t v[8]) {
  v128_t a[8], b[8];
  interleave(v, a);
  interleave(a, b);
  interleave(b, v);
}

void idct_islow_wasm(const void *table, JCOEFPTR block, JSAMPARRAY output, JDIMENSION column) {
  const v128_t *quantizer = table, *coefficients = (const v128_t *)block;
  v128_t v[8];
  v[0] = wasm_i16x8_mul(wasm_v128_load(coefficients), wasm_v128_load(quantizer));
  v128_t first = wasm_v128_or(wasm_v128_or(coefficients[1], coefficients[2]), coefficients[3]);
  v128_t last = wasm_v128_or(wasm_v128_or(coefficients[4], coefficients[5]), wasm_v128_or(coefficients[6], coefficients[7]));
  int noLast = !wasm_v128_any_true(last);
  if (noLast && !wasm_v128_any_true(first)) {
    /* No row but the first: each column is constant. Its vector becomes a row's. */
    v128_t row = wasm_i16x8_shl(v[0], PASS1_BITS);
#define SPLAT(i) v[i] = wasm_i16x8_shuffle(row, row, i, i, i, i, i, i, i, i)
    SPLAT(0);
    SPLAT(1);
    SPLAT(2);
    SPLAT(3);
    SPLAT(4);
    SPLAT(5);
    SPLAT(6);
    SPLAT(7);
  } else {
    for (int i = 1; i < 4; i++) v[i] = wasm_i16x8_mul(coefficients[i], quantizer[i]);
    if (noLast) {
      for (int i = 4; i < 8; i++) v[i] = wasm_i16x8_const_splat(0);
      transform(v, CONST_BITS - PASS1_BITS, 1);
    } else {
      for (int i = 4; i < 8; i++) v[i] = wasm_i16x8_mul(coefficients[i], quantizer[i]);
      transform(v, CONST_BITS - PASS1_BITS, 0);
    }
    transpose(v);
  }
  transform(v, CONST_BITS + PASS1_BITS + 3, 0);

  /* v[x] has column x. Bytes of columns x and x + 4 lie beside each other, then those of four, then of all. */
  v128_t centre = wasm_i8x16_const_splat(-128), c[4];
  for (int x = 0; x < 4; x++) c[x] = wasm_i8x16_sub(wasm_i8x16_narrow_i16x8(v[x], v[x + 4]), centre);
  /* p: rows' bytes of columns 0 and 1; q: of 2 and 3; r: of 4 and 5; s: of 6 and 7. */
  v128_t p = BYTES_LOW(c[0], c[1]), q = BYTES_LOW(c[2], c[3]), r = BYTES_HIGH(c[0], c[1]), s = BYTES_HIGH(c[2], c[3]);
  v128_t left[2] = {LOW(p, q), HIGH(p, q)}, right[2] = {LOW(r, s), HIGH(r, s)};
  for (int i = 0; i < 2; i++) {
    v128_t two = wasm_i32x4_shuffle(left[i], right[i], 0, 4, 1, 5);
    v128_t next = wasm_i32x4_shuffle(left[i], right[i], 2, 6, 3, 7);
    wasm_v128_store64_lane(output[4 * i] + column, two, 0);
    wasm_v128_store64_lane(output[4 * i + 1] + column, two, 1);
    wasm_v128_store64_lane(output[4 * i + 2] + column, next, 0);
    wasm_v128_store64_lane(output[4 * i + 3] + column, next, 1);
  }
}
