/** More scans than encoders write: 10 is usual, 20 more than any. Each goes through all blocks of the image. */
const usualScans = 20;
/** Pixels times scans of a file with more. Libjpeg reads some 200 million in a second, and nothing can stop it in between. */
const mostPixels = 400e6;

const startOfScan = Buffer.of(0xff, 0xda);

/**
 * Refuses a JPEG file whose scans would take long to decode: a file of 300 kB can have thousands, each of a few bytes.
 * @throws Error that says how many there are
 */
export function checkScans(file: Uint8Array, width: number, height: number): void {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  let scans = 0;
  // Compressed data has no such bytes; a thumbnail in the header may.
  for (let at = bytes.indexOf(startOfScan); at >= 0; at = bytes.indexOf(startOfScan, at + 2)) scans++;
  if (scans > usualScans && scans * width * height > mostPixels)
    throw new Error(
      `${scans} scans of ${width} x ${height} pixels, at most ${Math.max(usualScans, Math.floor(mostPixels / (width * height)))} of this size are decoded`,
    );
}
