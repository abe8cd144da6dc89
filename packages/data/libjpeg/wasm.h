/* What takes the place of libjpeg-turbo's plain C. Includes libjpeg-turbo's own headers. */
#define JPEG_INTERNALS
#include "src/jinclude.h"
#include "src/jpeglib.h"
#include "src/jdct.h"
#include "src/jsimd.h"
#include "src/jsimddct.h"

#define INLINED static inline __attribute__((always_inline))

void idct_islow_wasm(const void *table, JCOEFPTR block, JSAMPARRAY output, JDIMENSION column);
void h2v1_fancy_upsample_wasm(int factor, JDIMENSION width, JSAMPARRAY input, JSAMPARRAY output);
void h2v2_fancy_upsample_wasm(int factor, JDIMENSION width, JSAMPARRAY input, JSAMPARRAY output);
void ycc_rgb_convert_wasm(JDIMENSION width, JSAMPIMAGE input, JDIMENSION row, JSAMPARRAY output, int rows);
