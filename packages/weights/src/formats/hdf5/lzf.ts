/**
 * Unpacks LZF, h5py's own compression (Marc Lehmann's LibLZF). Why not a library: none of npm bounds what it makes, and the format is the two
 * cases below.
 * @param size of the unpacked bytes
 * @throws RangeError naming the data set where the bytes are damaged
 */
export function unpackLzf(packed: Uint8Array, size: number, name: string): Uint8Array {
  const fail = () => new RangeError(`${name}: a chunk cannot be unpacked: damaged LZF`);
  const bytes = new Uint8Array(size);
  let to = 0;
  let at = 0;
  const next = (): number => {
    const byte = packed[at++];
    if (byte === undefined) throw fail();
    return byte;
  };
  while (at < packed.length) {
    const control = next();
    if (control < 32) {
      // So many bytes as they are, and one more.
      const end = at + control + 1;
      if (end > packed.length || to + control + 1 > size) throw fail();
      bytes.set(packed.subarray(at, end), to);
      to += control + 1;
      at = end;
      continue;
    }
    const short = control >> 5;
    const length = 2 + (short === 7 ? 7 + next() : short);
    const from = to - ((control & 31) << 8) - next() - 1;
    if (from < 0 || to + length > size) throw fail();
    // One by one: what is repeated may be what has just been made.
    for (let i = 0; i < length; i++) bytes[to + i] = bytes[from + i] ?? 0;
    to += length;
  }
  if (to !== size) throw fail();
  return bytes;
}
