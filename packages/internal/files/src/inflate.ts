/**
 * Unpacks compressed bytes.
 * @param format gzip, zlib's ('deflate') or the bare stream of zip archives ('deflate-raw')
 * @param largest the most bytes that may come out: this many are allocated
 * @throws RangeError where the bytes are damaged or more come out
 */
export async function inflate(
  bytes: Uint8Array,
  format: 'gzip' | 'deflate' | 'deflate-raw',
  largest: number,
): Promise<Uint8Array> {
  const unpacked = new Uint8Array(largest);
  let done = 0;
  // A Blob copies, and takes no memory that is shared between threads.
  const unshared = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  const stream = new Blob([unshared]).stream().pipeThrough(new DecompressionStream(format));
  try {
    for await (const part of stream as unknown as AsyncIterable<Uint8Array>) {
      if (done + part.length > largest) throw new RangeError(`it unpacks to more than ${largest} bytes`);
      unpacked.set(part, done);
      done += part.length;
    }
  } catch (cause) {
    throw new RangeError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  return unpacked.subarray(0, done);
}
