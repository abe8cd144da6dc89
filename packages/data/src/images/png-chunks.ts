import { crc32 } from 'node:zlib';

/** What stands before a PNG's first chunk. */
const start = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
/** Length and kind before a chunk's contents, and the check sum behind them. */
const around = 12;

/** What decides a PNG's pixels before them. Of several, Pillow takes the last. */
const header = ['IHDR', 'PLTE', 'tRNS'];

interface Chunk {
  readonly kind: string;
  /** From the kind to the end of the contents: what the check sum is of. */
  readonly checked: Buffer;
  readonly sum: number;
}

/** The chunks that are there as a whole, up to one that is not. */
function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = start.length; at + around <= file.length; ) {
    const end = at + 8 + file.readUInt32BE(at);
    if (end + 4 > file.length) return;
    const checked = file.subarray(at + 4, end);
    yield { kind: checked.toString('latin1', 0, 4), checked, sum: file.readUInt32BE(end) };
    at = end + 4;
  }
}

/** Says something about the image; decoders may leave it out. */
const isAncillary = (kind: string): boolean => kind >= 'a';

/** A PNG file of these chunks, with their right check sums, and an end. */
function writePng(chunks: readonly Pick<Chunk, 'checked'>[]): Buffer {
  const all = [...chunks, { checked: Buffer.from('IEND') }];
  const written = all.flatMap(({ checked }) => {
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(checked.length - 4);
    sum.writeUInt32BE(crc32(checked));
    return [length, checked, sum];
  });
  return Buffer.concat([start, ...written]);
}

/**
 * A PNG file with what Pillow reads of it and nothing else. Pillow wants the right check sum of each chunk before the pixels, of those
 * that only say something about the image, too, and does not look at the sums of the pixels; libpng does both the other way round, and
 * refuses an unknown chunk whose name begins with a capital letter.
 * @throws Error where Pillow refuses a chunk before the pixels
 */
export function pngAsPillowReads(bytes: Uint8Array): Uint8Array {
  const before = new Map<string, Chunk>();
  const pixels: Chunk[] = [];
  let asItIs = true;
  for (const chunk of chunksOf(bytes)) {
    const { kind, checked, sum } = chunk;
    if (kind === 'IDAT') {
      pixels.push(chunk);
      asItIs &&= crc32(checked) === sum;
    } else if (pixels.length > 0) break;
    else {
      if (!/^\w{4}$/.test(kind)) throw new Error(`a chunk of the kind '${kind}' before the pixels`);
      if (crc32(checked) !== sum) throw new Error(`the check sum of chunk ${kind} is wrong`);
      const first = before.size === 0;
      asItIs &&= first === (kind === 'IHDR') && !before.has(kind) && (header.includes(kind) || isAncillary(kind));
      before.set(kind, chunk);
    }
  }
  // Without pixels, or with an end in the middle of them, the decoder says what is missing.
  if (asItIs || pixels.length === 0) return bytes;
  return writePng([...header.flatMap((kind) => before.get(kind) ?? []), ...pixels]);
}
