/** What one block says of an entry. Read here and not by the `tar` package, whose headers, with dates and owners, take ten times as long: a million samples have two million. */
export interface TarHeader {
  readonly path: string;
  readonly size: number;
  /** One character, such as '0' for a file. */
  readonly type: string;
  readonly target: string;
}

/** Where fields begin, and their bytes. */
const fields = {
  path: [0, 100],
  size: [124, 12],
  checksum: [148, 8],
  target: [157, 100],
  prefix: [345, 155],
} as const;
const typeAt = 156;
const magicAt = 257;
/** POSIX' archives alone have a prefix of the path there; GNU's begin with 'ustar ' and have dates. */
const posix = Buffer.from('ustar\0');
const space = 0x20;

/**
 * Reads a header.
 * @returns null for a block of zeros, which ends an archive
 * @throws Error where its checksum is wrong or its size is no number
 */
export function tarHeader(block: Uint8Array, offset: number): TarHeader | null {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) sum += bytes[i] ?? 0;
  if (sum === 0) return null;
  const [start, length] = fields.checksum;
  // The checksum itself counts as spaces.
  for (let i = start; i < start + length; i++) sum += space - (bytes[i] ?? 0);
  if (numberAt(bytes, fields.checksum) !== sum)
    throw new Error(`no readable tar: wrong checksum in the header at byte ${offset}`);
  const size = numberAt(bytes, fields.size);
  if (!(size >= 0)) throw new Error(`corrupt tar: the header at byte ${offset} has no size`);
  const name = textAt(bytes, fields.path);
  const prefix = bytes.subarray(magicAt, magicAt + posix.length).equals(posix) ? textAt(bytes, fields.prefix) : '';
  const path = prefix === '' ? name : `${prefix}/${name}`;
  const written = String.fromCharCode(bytes[typeAt] || 0x30);
  // Old archives have folders as files whose path ends in a slash.
  const type = written === '0' && path.endsWith('/') ? '5' : written;
  // Some say how large a folder is, which has no bytes.
  return { path, size: type === '5' ? 0 : size, type, target: textAt(bytes, fields.target) };
}

type Field = readonly [start: number, length: number];

function textAt(bytes: Buffer, [start, length]: Field): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('utf8', start, end < 0 || end > start + length ? start + length : end);
}

/** A number in octal digits; or, where the first bit is set, in bytes. NaN for anything else. */
function numberAt(bytes: Buffer, [start, length]: Field): number {
  const first = bytes[start] ?? 0;
  if (first >= 0x80) {
    let value = first & 0x3f;
    for (let i = 1; i < length; i++) value = 256 * value + (bytes[start + i] ?? 0);
    // Set, too, in a negative number.
    return first & 0x40 ? Number.NaN : value;
  }
  const text = textAt(bytes, [start, length]).trim();
  return text === '' ? 0 : /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}
