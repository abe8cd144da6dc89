import { constants, crc32, deflateSync, inflateSync } from 'node:zlib';

/** What stands before a PNG's first chunk. */
const start = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** What decides a PNG's pixels before them. Of several, Pillow takes the last. */
const header = ['IHDR', 'PLTE', 'tRNS'];

/** The kind of colours that are places in a palette. */
const withPalette = 3;

/** A part of a PNG file. */
export interface Chunk {
  readonly kind: string;
  /** From the kind to the end of the contents: what the check sum is of. */
  readonly checked: Buffer;
  /** Null where the file ends before it. */
  readonly sum: number | null;
  /** Whether all its contents are there. */
  readonly whole: boolean;
}

/** The chunks, the last of which may not be there as a whole. */
export function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = start.length; at + 8 <= file.length; ) {
    const end = at + 8 + file.readUInt32BE(at);
    const checked = file.subarray(at + 4, end);
    const sum = end + 4 > file.length ? null : file.readUInt32BE(end);
    yield { kind: checked.toString('latin1', 0, 4), checked, sum, whole: end <= file.length };
    at = end + 4;
  }
}

/** The fewest bytes of chunks that Pillow reads. */
const shortest: Readonly<Record<string, number>> = { IHDR: 13, gAMA: 4, cHRM: 32, sRGB: 1, pHYs: 9, acTL: 8, fcTL: 26 };

/** What Pillow refuses of a chunk, other than its check sum, wherever it stands; null where it does not. */
function faultOf({ kind, checked, whole }: Chunk): string | null {
  if (!whole) return 'ends with the file';
  const content = checked.subarray(4);
  if (content.length < (shortest[kind] ?? 0)) return `has ${content.length} bytes`;
  const text = content.indexOf(0) + 1;
  // A text without an end is none; a profile's name without one is thought to end before the first byte.
  const isPacked = kind === 'iCCP' || (kind === 'zTXt' && text > 0 && text < content.length);
  return isPacked && content[text] !== 0 ? `is packed in a way that is not known, ${content[text]}` : null;
}

/** Says something about the image; decoders may leave it out. */
const isAncillary = (kind: string): boolean => kind >= 'a';

/** A PNG file of these chunks, with their right check sums, and an end. */
function writePng(chunks: readonly Buffer[]): Buffer {
  const written = [...chunks, Buffer.from('IEND')].flatMap((checked) => {
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
  let behind = false;
  for (const chunk of chunksOf(bytes)) {
    const { kind, checked, sum, whole } = chunk;
    const isChunk = /^\w{4}$/.test(kind);
    if (kind === 'IDAT' && !behind) {
      pixels.push(chunk);
      asItIs &&= !whole || crc32(checked) === sum;
      continue;
    }
    behind = pixels.length > 0;
    if (behind && (!isChunk || kind === 'IEND')) break;
    const fault = isChunk ? faultOf(chunk) : null;
    if (fault !== null) throw new Error(`chunk ${kind} ${fault}`);
    if (!behind) {
      if (kind === 'IEND') throw new Error('no pixels before the end');
      if (!isChunk) throw new Error(`a chunk of the kind '${kind}' before the pixels`);
      if (crc32(checked) !== sum) throw new Error(`the check sum of chunk ${kind} is wrong`);
      const first = before.size === 0;
      asItIs &&= first === (kind === 'IHDR') && !before.has(kind) && (header.includes(kind) || isAncillary(kind));
      before.set(kind, chunk);
    }
  }
  const ihdr = before.get('IHDR')?.checked;
  const hasNoPalette = ihdr?.[13] === withPalette && !before.has('PLTE');
  // Without pixels, or with an end in the middle of them, the decoder says what is missing.
  if ((asItIs && !hasNoPalette) || pixels.length === 0) return bytes;
  return writePng([
    ...header.flatMap((kind) =>
      kind === 'PLTE' && hasNoPalette ? blackPalette(ihdr[12] ?? 0) : (before.get(kind)?.checked ?? []),
    ),
    ...pixels.map(({ checked }) => checked),
  ]);
}

/** The palette that Pillow gives a file without one: all is black. */
const blackPalette = (bits: number): Buffer =>
  Buffer.concat([Buffer.from('PLTE'), Buffer.alloc(3 * 2 ** Math.min(8, bits))]);

/** The packed pixels. What stands behind another chunk is not read. */
export function packedPixels(chunks: readonly Chunk[]): Buffer {
  const first = chunks.findIndex(({ kind }) => kind === 'IDAT');
  const last = chunks.findIndex(({ kind }, index) => index > first && kind !== 'IDAT');
  return Buffer.concat(chunks.slice(first, last < 0 ? undefined : last).map(({ checked }) => checked.subarray(4)));
}

/** Values of a pixel by the kind of colours. */
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** Bytes of rows that are packed anew at most. */
const mostBytes = 2 ** 28;

/**
 * A PNG file with the same pixels, packed anew; null where not all of them are there. Pillow is content with them; libpng wants the end of the packed
 * data, a length of their chunk that is no more than 2 ** 31, and that the header says how they are packed.
 * @param bytes that the decoder has refused
 */
export function packedAnew(bytes: Uint8Array): Uint8Array | null {
  const chunks = [...chunksOf(bytes)];
  const ofKind = (wanted: string) => chunks.flatMap(({ kind, checked }) => (kind === wanted ? [checked] : []));
  const [ihdr] = ofKind('IHDR');
  // Of interlaced images the parts' rows have sizes of their own.
  if (ihdr?.length !== 17 || ihdr[16] !== 0) return null;
  const bits = (samples[ihdr[13] ?? 0] ?? 0) * (ihdr[12] ?? 0);
  const size = (1 + Math.ceil((ihdr.readUInt32BE(4) * bits) / 8)) * ihdr.readUInt32BE(8);
  if (bits === 0 || size > mostBytes) return null;
  const packed = packedPixels(chunks);
  let rows: Buffer;
  try {
    rows = inflateSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: mostBytes });
  } catch {
    return null;
  }
  if (rows.length < size) return null;
  const plain = Buffer.from(ihdr);
  plain[14] = 0;
  const pixels = Buffer.concat([Buffer.from('IDAT'), deflateSync(rows.subarray(0, size))]);
  return writePng([plain, ...ofKind('PLTE').slice(0, 1), ...ofKind('tRNS').slice(0, 1), pixels]);
}
