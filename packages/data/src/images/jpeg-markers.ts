const markers = {
  huffman: 0xc4,
  arithmetic: 0xcc,
  end: 0xd9,
  scan: 0xda,
  quantization: 0xdb,
  lines: 0xdc,
  interval: 0xdd,
  comment: 0xfe,
};
/** Tables of one kind that a decoder holds. */
const mostTables = 4;

/**
 * Refuses a JPEG file of one scan in which something stands that libjpeg cannot read: the image would be grey from there on. Pillow reads on to the end of the image, libvips no further than to the last row. Of several scans, libjpeg reads all before there is a row.
 * @throws Error that says what is where
 */
export function checkMarkers(file: Uint8Array): void {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const scan = onlyScan(bytes);
  if (scan === null) return;
  for (let at = nextMarker(bytes, scan); at >= 0; ) {
    const marker = bytes[at + 1] ?? 0;
    // Where the file ends before the image does, all rows may be there: the decoder says it if not.
    if (marker === markers.end) return;
    const length = lengthAt(bytes, at);
    if (!isAlone(marker) && !isReadable(marker, bytes.subarray(at + 4), length - 2))
      throw new Error(`marker ${marker.toString(16)} at byte ${at}, inside of the image, is wrong there`);
    at = nextMarker(bytes, at + 2 + length);
  }
}

/** What a JPEG file says of its image. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** 1: grey, 3: colours, 4: inks. */
  readonly components: number;
}

/** What stands before the first scan of a JPEG file; null where there is no frame. */
export function jpegFrame(file: Uint8Array): JpegFrame | null {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  for (let at = nextMarker(bytes, 2); at >= 0; at = nextMarker(bytes, at + 2 + lengthAt(bytes, at))) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === markers.scan) return null;
    if (isFrame(marker) && at + 10 <= bytes.length)
      return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7), components: bytes[at + 9] ?? 0 };
  }
  return null;
}

/** Where the data of the only scan begin; null where there are several, or none. */
function onlyScan(bytes: Buffer): number | null {
  let components: number | undefined;
  for (let at = nextMarker(bytes, 2); at >= 0; ) {
    const marker = bytes[at + 1] ?? 0;
    const next = at + 2 + lengthAt(bytes, at);
    // Frames of each second pair are progressive: C2, C6, CA, CE.
    if (isFrame(marker)) components = marker % 4 === 2 ? undefined : bytes[at + 9];
    if (marker === markers.scan) return bytes[at + 4] === components ? next : null;
    at = nextMarker(bytes, next);
  }
  return null;
}

/** The next marker; -1 where there is none. A byte FF of the data has a 0 behind it. */
function nextMarker(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(0xff, from);
  while (at >= 0 && (bytes[at + 1] === 0 || bytes[at + 1] === 0xff)) at = bytes.indexOf(0xff, at + 1);
  return at + 1 < bytes.length ? at : -1;
}

/** Without contents: the places from which a scan can be read again, and one for encoders' own use. */
const isAlone = (marker: number): boolean => (marker >= 0xd0 && marker <= 0xd7) || marker === 0x01;

const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== markers.huffman && marker !== 0xc8 && marker !== markers.arithmetic;

/** Bytes behind a marker, the two that say how many included. */
function lengthAt(bytes: Buffer, at: number): number {
  return isAlone(bytes[at + 1] ?? 0) ? 0 : Math.max(2, 256 * (bytes[at + 2] ?? 0) + (bytes[at + 3] ?? 0));
}

/**
 * Whether libjpeg reads it behind the beginning of a scan: tables, comments and applications' own, but no frame or scan.
 * @param content and all that comes behind it, which may be less than its length says
 */
function isReadable(marker: number, content: Buffer, length: number): boolean {
  if (marker === markers.huffman) return hasTables(content, length, huffmanSize);
  if (marker === markers.quantization) return hasTables(content, length, quantizationSize);
  if (marker === markers.interval) return length === 2;
  const { arithmetic, lines, comment } = markers;
  return marker === arithmetic || marker === lines || marker === comment || (marker >= 0xe0 && marker <= 0xef);
}

/** @param sizeOf the bytes of the first table, NaN where it is none */
function hasTables(content: Buffer, length: number, sizeOf: (content: Buffer) => number): boolean {
  for (let at = 0; at < Math.min(length, content.length); ) {
    at += sizeOf(content.subarray(at));
    if (!(at <= length)) return false;
  }
  return true;
}

function huffmanSize(table: Buffer): number {
  const values = table.subarray(1, 17).reduce((sum, count) => sum + count, 0);
  const index = (table[0] ?? 0) & ~0x10;
  return index < mostTables && values <= 256 ? 17 + values : Number.NaN;
}

function quantizationSize(table: Buffer): number {
  const [first = 0] = table;
  return (first & 15) < mostTables ? 1 + (first >> 4 > 0 ? 128 : 64) : Number.NaN;
}
