/** A kind of image file that there is a decoder for. */
export type ImageFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'TIFF' | 'BMP' | 'PPM';

/** How the files of a format begin: what stands at an offset, one of several texts in latin-1. All parts must be there. */
type Signature = readonly (readonly [offset: number, texts: readonly string[]])[];

const signatures: Readonly<Record<ImageFormat, Signature>> = {
  JPEG: [[0, ['\xff\xd8\xff']]],
  PNG: [[0, ['\x89PNG\r\n\x1a\n']]],
  WebP: [
    [0, ['RIFF']],
    [8, ['WEBPVP8 ', 'WEBPVP8L', 'WEBPVP8X']],
  ],
  GIF: [[0, ['GIF87a', 'GIF89a']]],
  // Little-endian and big-endian, and both of BigTIFF.
  TIFF: [[0, ['II*\0', 'MM\0*', 'II+\0', 'MM\0+']]],
  // With the size of the second header, so that no text that begins with BM is one.
  BMP: [
    [0, ['BM']],
    [14, [12, 40, 52, 56, 64, 108, 124].map((size) => `${String.fromCharCode(size)}\0\0\0`)],
  ],
  PPM: [
    [0, ['P']],
    [1, ['1', '2', '3', '4', '5', '6']],
    [2, [' ', '\t', '\n', '\r', '#']],
  ],
};

export const imageFormats = Object.keys(signatures) as readonly ImageFormat[];

/** The names of all formats, for messages. */
export const formatNames = 'JPEG, PNG, WebP, GIF, TIFF, BMP or PPM';

/** The endings of image files' names: torchvision's list, and GIF's. */
export const imageEnding = /\.(jpe?g|png|webp|gif|tiff?|bmp|p[bgp]m)$/i;

/** Bytes at the start of a file that are enough for {@link imageFormat}. */
const headLength = 18;

/** The format of a file by its first bytes, whatever its name says; undefined where there is no decoder for it, as for SVG and AVIF. */
export function imageFormat(bytes: Uint8Array): ImageFormat | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, headLength)).toString('latin1');
  for (const [format, signature] of Object.entries(signatures) as [ImageFormat, Signature][])
    if (signature.every(([offset, texts]) => texts.some((text) => head.startsWith(text, offset)))) return format;
  return undefined;
}
