import type { Image } from '@cnnzoo/transforms';
import type { JPEGDecoder } from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs';

/** What the library allocates for a file that it refuses is lost. After so many files a new instance takes its place. */
const mostRefused = 100;

/** More between neighbouring values is rare in photographs, and next to a value that was wrapped round there is one that was not. */
const mostBetween = 170;

/** Null where there is no WebAssembly or no memory for it. */
let decoder: Promise<JPEGDecoder | null> | undefined;
let refused = 0;

/**
 * Decodes a small JPEG by libjpeg-turbo in WebAssembly: 32x32 pixels in 0.03 ms, of which libvips needs 0.3. The pixels are the same, unless
 * damaged data lead far out of the range of 8 bits: libvips cuts them off there, and this library wraps them round.
 * @param mostPixels an image that has more, as the library reads it, is not decoded
 * @returns one or three channels; null where the library cannot be started, refuses the file or warns of it, or may have wrapped values round
 */
export async function decodeSmallJpeg(bytes: Uint8Array, mostPixels: number): Promise<Image | null> {
  decoder ??= startDecoder().catch(() => null);
  const turbo = await decoder;
  if (turbo === null) return null;
  try {
    turbo.getEncodedBuffer(bytes.length).set(bytes);
    turbo.readHeader();
    const { width, height, componentCount: channels } = turbo.getFrameInfo();
    if (width * height > mostPixels || (channels !== 1 && channels !== 3)) return null;
    turbo.decode();
    // A copy, because the next file is decoded to the same memory.
    const data = new Uint8Array(turbo.getDecodedBuffer());
    return hasEdge(data, width * channels, channels) ? null : { data, width, height, channels };
  } catch {
    refused++;
    if (refused % mostRefused === 0) decoder = undefined;
    return null;
  }
}

/** Whether somewhere more than `mostBetween` is between a value and the one left of or above it. */
function hasEdge(data: Uint8Array, rowLength: number, channels: number): boolean {
  const differs = (i: number, distance: number) => Math.abs((data[i] ?? 0) - (data[i - distance] ?? 0)) > mostBetween;
  for (let i = rowLength; i < data.length; i++) if (differs(i, rowLength)) return true;
  for (let row = 0; row < data.length; row += rowLength)
    for (let i = row + channels; i < row + rowLength; i++) if (differs(i, channels)) return true;
  return false;
}

async function startDecoder(): Promise<JPEGDecoder> {
  const { default: start } = await import('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs');
  const { JPEGDecoder: Decoder } = await start({ printErr: () => {} });
  return new Decoder();
}
