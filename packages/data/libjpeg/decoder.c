/*
 * A decoder of one file at a time: input(bytes) says where the file goes, header(bytes) reads its header, decode() says where its pixels are.
 * What libjpeg-turbo refuses leaves by fail(), which throws: after that the instance is lost.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include "src/jpeglib.h"
#include "src/jerror.h"

#define EXPORT(name) __attribute__((export_name(#name)))
__attribute__((import_module("env"), import_name("fail"), noreturn)) void fail(int code);

/* color.c writes so many bytes behind the last row. */
#define BEHIND 48
/* Rows that are asked for at once. */
#define ROWS 4

typedef struct {
  unsigned char *bytes;
  size_t size;
} space;

static struct jpeg_decompress_struct info;
static struct jpeg_error_mgr errors;
static space file, pixels;

static void error_exit(j_common_ptr any) { fail(any->err->msg_code); }
static void emit_message(j_common_ptr any, int level) {
  if (level < 0) any->err->num_warnings++;
}
static void output_message(j_common_ptr any) {}
static void format_message(j_common_ptr any, char *text) { text[0] = 0; }
static void reset_error_mgr(j_common_ptr any) {
  any->err->num_warnings = 0;
  any->err->msg_code = 0;
}

/* Takes the place of jerror.c, whose texts nobody reads. */
struct jpeg_error_mgr *jpeg_std_error(struct jpeg_error_mgr *err) {
  err->error_exit = error_exit;
  err->emit_message = emit_message;
  err->output_message = output_message;
  err->format_message = format_message;
  err->reset_error_mgr = reset_error_mgr;
  return err;
}

static unsigned char *at_least(space *space, size_t size) {
  if (space->size < size) {
    free(space->bytes);
    space->size = 0;
    space->bytes = malloc(size);
    if (space->bytes == NULL) fail(JERR_OUT_OF_MEMORY);
    space->size = size;
  }
  return space->bytes;
}

EXPORT(input) unsigned char *input(size_t bytes) { return at_least(&file, bytes); }

/* The number of the image's components. */
EXPORT(header) int header(size_t bytes) {
  /* A file that lacks a table would be read with that of the file before. */
  if (info.err != NULL) jpeg_destroy_decompress(&info);
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.bytes, bytes);
  jpeg_read_header(&info, TRUE);
  return info.num_components;
}

EXPORT(width) unsigned width(void) { return info.image_width; }
EXPORT(height) unsigned height(void) { return info.image_height; }
/* Since header(): damage that libjpeg-turbo reads over. */
EXPORT(warnings) long warnings(void) { return errors.num_warnings; }

/* Of one component its values, and otherwise red, green and blue. */
EXPORT(decode) unsigned char *decode(void) {
  int channels = info.num_components == 1 ? 1 : 3;
  size_t row = (size_t)info.image_width * channels;
  info.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  unsigned char *out = at_least(&pixels, row * info.image_height + BEHIND);
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    JSAMPROW rows[ROWS];
    for (int i = 0; i < ROWS; i++) rows[i] = out + (info.output_scanline + i) * row;
    jpeg_read_scanlines(&info, rows, ROWS);
  }
  jpeg_finish_decompress(&info);
  return out;
}

/* What jdmaster.c mentions and is never asked for: values of 12 and 16 bits, lossless files, palettes, and colours made while upsampling. */
#define REFUSE(name) \
  void name(j_decompress_ptr any) { fail(JERR_BAD_PRECISION); }
#define REFUSE_WITH_FLAG(name) \
  void name(j_decompress_ptr any, boolean flag) { fail(JERR_BAD_PRECISION); }
#define REFUSE_LOSSLESS(prefix) \
  REFUSE(prefix##init_lossless_decompressor) \
  REFUSE_WITH_FLAG(prefix##init_d_diff_controller)
#define REFUSE_DEEP(prefix) \
  REFUSE_LOSSLESS(prefix) \
  REFUSE(prefix##init_color_deconverter) \
  REFUSE(prefix##init_upsampler) \
  REFUSE_WITH_FLAG(prefix##init_d_post_controller) \
  REFUSE_WITH_FLAG(prefix##init_d_main_controller)
#define REFUSE_PALETTES(prefix) \
  REFUSE(prefix##init_1pass_quantizer) \
  REFUSE(prefix##init_2pass_quantizer) \
  REFUSE(prefix##init_merged_upsampler)
REFUSE_LOSSLESS(j)
REFUSE(jinit_lhuff_decoder)
REFUSE_PALETTES(j)
REFUSE_DEEP(j12)
REFUSE_PALETTES(j12)
REFUSE(j12init_inverse_dct)
REFUSE_WITH_FLAG(j12init_d_coef_controller)
REFUSE_DEEP(j16)
