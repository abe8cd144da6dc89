/* Says which of libjpeg-turbo's functions have a form of vectors here. */
#include "wasm.h"

#define CAN(name) \
  GLOBAL(int) jsimd_can_##name(void) { return 1; }
#define UPSAMPLE j_decompress_ptr info, jpeg_component_info *component, JSAMPARRAY input, JSAMPARRAY *output
#define MERGED j_decompress_ptr info, JSAMPIMAGE input, JDIMENSION row, JSAMPARRAY output
#define CONVERT MERGED, int rows
#define IDCT j_decompress_ptr info, jpeg_component_info *component, JCOEFPTR block, JSAMPARRAY output, JDIMENSION column

CAN(ycc_rgb)
GLOBAL(void) jsimd_ycc_rgb_convert(CONVERT) { ycc_rgb_convert_wasm(info->output_width, input, row, output, rows); }

CAN(h2v1_fancy_upsample)
GLOBAL(void) jsimd_h2v1_fancy_upsample(UPSAMPLE) {
  h2v1_fancy_upsample_wasm(info->max_v_samp_factor, component->downsampled_width, input, *output);
}

CAN(h2v2_fancy_upsample)
GLOBAL(void) jsimd_h2v2_fancy_upsample(UPSAMPLE) {
  h2v2_fancy_upsample_wasm(info->max_v_samp_factor, component->downsampled_width, input, *output);
}

CAN(idct_islow)
GLOBAL(void) jsimd_idct_islow(IDCT) { idct_islow_wasm(component->dct_table, block, output, column); }

/* The others stay plain C. */
#define CANNOT(name, function, ...) \
  GLOBAL(int) jsimd_can_##name(void) { return 0; } \
  GLOBAL(void) jsimd_##function(__VA_ARGS__) { __builtin_trap(); }

CANNOT(h2v1_upsample, h2v1_upsample, UPSAMPLE)
CANNOT(h2v2_upsample, h2v2_upsample, UPSAMPLE)
CANNOT(h1v2_fancy_upsample, h1v2_fancy_upsample, UPSAMPLE)
CANNOT(int_upsample, int_upsample, UPSAMPLE)
CANNOT(h2v1_merged_upsample, h2v1_merged_upsample, MERGED)
CANNOT(h2v2_merged_upsample, h2v2_merged_upsample, MERGED)
CANNOT(ycc_rgb565, ycc_rgb565_convert, CONVERT)
CANNOT(idct_2x2, idct_2x2, IDCT)
CANNOT(idct_4x4, idct_4x4, IDCT)
CANNOT(idct_6x6, idct_6x6, IDCT)
CANNOT(idct_12x12, idct_12x12, IDCT)
CANNOT(idct_ifast, idct_ifast, IDCT)
CANNOT(idct_float, idct_float, IDCT)
