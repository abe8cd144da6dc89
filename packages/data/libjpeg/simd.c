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
#define CANNOT(name) \
  GLOBAL(int) jsimd_can_##name(void) { return 0; }
#define NEVER(name, ...) \
  GLOBAL(void) jsimd_##name(__VA_ARGS__) { __builtin_trap(); }
#define STAYS(name, ...) CANNOT(name) NEVER(name, __VA_ARGS__)

STAYS(h2v1_upsample, UPSAMPLE)
STAYS(h2v2_upsample, UPSAMPLE)
STAYS(h1v2_fancy_upsample, UPSAMPLE)
STAYS(int_upsample, UPSAMPLE)
STAYS(h2v1_merged_upsample, MERGED)
STAYS(h2v2_merged_upsample, MERGED)
CANNOT(ycc_rgb565)
NEVER(ycc_rgb565_convert, CONVERT)
STAYS(idct_2x2, IDCT)
STAYS(idct_4x4, IDCT)
STAYS(idct_6x6, IDCT)
STAYS(idct_12x12, IDCT)
STAYS(idct_ifast, IDCT)
STAYS(idct_float, IDCT)
