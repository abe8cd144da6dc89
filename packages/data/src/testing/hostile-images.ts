/** Image files that ask for much more than they are: one generator a way. */
import { crc32, deflateRawSync, deflateSync } from 'node:zlib';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const u16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const le = (value: number, length: 2 | 4) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.subarray(0, length);
};

const segment = (marker: number, content: Buffer) =>
  Buffer.concat([Buffer.from([0xff, marker]), u16(content.length + 2), content]);

/** A progressive JPEG of one colour, with one scan for each bit of each coefficient of each component: each costs all blocks. */
function jpegOfScans(side: number, most: number): Buffer {
  const blocks = Math.ceil(side / 8) ** 2;
  const packed = (bits: string) => {
    const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
    const bytes = (whole.match(/.{8}/g) ?? []).flatMap((byte) => {
      const value = Number.parseInt(byte, 2);
      return value === 255 ? [255, 0] : [value];
    });
    return Buffer.from(bytes);
  };
  const table = (id: number, symbol: number) => segment(0xc4, Buffer.from([id, 1, ...Array(15).fill(0), symbol]));
  let runs = '';
  // "No more coefficients" for up to 32,767 blocks at a time.
  for (let left = blocks; left > 0; left -= 32_767)
    runs += `0${(Math.max(16_384, Math.min(left, 32_767)) - 16_384).toString(2).padStart(14, '0')}`;
  const nothing = packed(runs);
  const scans: Buffer[] = [];
  for (let coefficient = 1; coefficient < 64; coefficient++)
    for (const component of [1, 2, 3])
      for (let bit = 13; bit >= 0 && scans.length < most; bit--)
        scans.push(
          segment(
            0xda,
            Buffer.from([1, component, 0, coefficient, coefficient, (bit === 13 ? 0 : bit + 1) * 16 + bit]),
          ),
          nothing,
        );
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, Buffer.from([0, ...Array(64).fill(1)])),
    segment(0xc2, Buffer.concat([Buffer.of(8), u16(side), u16(side), Buffer.from([3, 1, 17, 0, 2, 17, 0, 3, 17, 0])])),
    table(0x00, 0),
    table(0x10, 0xe0),
    segment(0xda, Buffer.from([3, 1, 0, 2, 0, 3, 0, 0, 0, 0])),
    packed('0'.repeat(3 * blocks)),
    ...scans,
    Buffer.from([0xff, 0xd9]),
  ]);
}

const chunk = (type: string, content: Buffer) => {
  const named = Buffer.concat([latin1(type), content]);
  return Buffer.concat([u32(content.length), named, u32(crc32(named))]);
};

/** A PNG of zeros. */
function png(side: number, { interlaced = false, bits = 8, before = [] as Buffer[] } = {}): Buffer {
  const bytes = Math.ceil((side * (bits === 8 ? 24 : 48)) / 8) + 1;
  return Buffer.concat([
    latin1('\x89PNG\r\n\x1a\n'),
    chunk('IHDR', Buffer.concat([u32(side), u32(side), Buffer.from([bits, 2, 0, 0, interlaced ? 1 : 0])])),
    ...before,
    chunk('IDAT', deflateSync(Buffer.alloc(Math.min(2 ** 25, bytes * side)), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const bomb = (megabytes: number) => deflateSync(Buffer.alloc(megabytes * 2 ** 20), { level: 9 });

/** A GIF whose frame is as large as it says. */
function gif(width: number, height: number, blocks: Buffer, frames = 1): Buffer {
  const frame = Buffer.concat([
    Buffer.of(0x2c, 0, 0, 0, 0),
    le(width, 2),
    le(height, 2),
    Buffer.of(0, 2, 2, 0x84, 0x51, 0),
  ]);
  return Buffer.concat([
    latin1('GIF89a'),
    le(width, 2),
    le(height, 2),
    Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
    blocks,
    ...Array<Buffer>(frames).fill(frame),
    Buffer.of(0x3b),
  ]);
}

/** A TIFF with one directory of these entries. */
function tiff(
  entries: readonly (readonly [tag: number, type: number, count: number, value: number])[],
  next = 0,
): Buffer {
  return Buffer.concat([
    latin1('II*\0'),
    le(8, 4),
    le(entries.length, 2),
    ...entries.map(([tag, type, count, value]) => Buffer.concat([le(tag, 2), le(type, 2), le(count, 4), le(value, 4)])),
    le(next, 4),
  ]);
}

const greyTiff = (width: number, height: number, strips: number) =>
  tiff([
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, 1, 8],
    [259, 3, 1, 8],
    [262, 3, 1, 1],
    [273, 4, strips, 8],
    [277, 3, 1, 1],
    [278, 4, 1, 1],
    [279, 4, strips, 8],
  ]);

function bmp(width: number, height: number, compression: 0 | 1, pixels: Buffer): Buffer {
  return Buffer.concat([
    latin1('BM'),
    Buffer.alloc(8),
    le(54 + 1024, 4),
    le(40, 4),
    le(width, 4),
    le(height, 4),
    le(1, 2),
    le(8, 2),
    le(compression, 4),
    Buffer.alloc(20),
    Buffer.alloc(1024),
    pixels,
  ]);
}

const riff = (content: Buffer) => Buffer.concat([latin1('RIFF'), le(content.length + 4, 4), latin1('WEBP'), content]);

/** By the name that the file gets. */
export const hostileImages: Readonly<Record<string, () => Buffer>> = {
  'filters.png': () =>
    latin1(
      `<svg    WEBP="1" xmlns="http://www.w3.org/2000/svg" width="2000" height="2000"><filter id="f">${'<feTurbulence baseFrequency="0.01" numOctaves="10"/>'.repeat(300)}</filter><rect width="2000" height="2000" filter="url(#f)"/></svg>`,
    ),
  'filters.svg': () => latin1('<svg xmlns="http://www.w3.org/2000/svg" width="9000" height="9000"/>'),
  'scans.jpg': () => jpegOfScans(3900, 3000),
  'scans-large.jpg': () => jpegOfScans(3900, 60),
  'scans-few.jpg': () => jpegOfScans(3900, 19),
  'scans-small.jpg': () => jpegOfScans(400, 3000),
  'sides.jpg': () => {
    const file = jpegOfScans(64, 0);
    // The frame's header: height and width.
    const frame = file.indexOf(Buffer.of(0xff, 0xc2));
    for (const at of [frame + 5, frame + 7]) file.writeUInt16BE(64_000, at);
    return file;
  },
  'segments.jpg': () =>
    Buffer.concat([
      jpegOfScans(64, 0).subarray(0, 2),
      ...Array<Buffer>(200_000).fill(segment(0xe1, Buffer.from('Exif'))),
      jpegOfScans(64, 0).subarray(2),
    ]),
  'profile.jpg': () =>
    Buffer.concat([
      jpegOfScans(64, 0).subarray(0, 2),
      ...Array.from({ length: 255 }, (_, i) =>
        segment(0xe2, Buffer.concat([latin1('ICC_PROFILE\0'), Buffer.from([i + 1, 255]), Buffer.alloc(60_000)])),
      ),
      jpegOfScans(64, 0).subarray(2),
    ]),
  'sides.png': () => png(60_000),
  'interlaced.png': () => png(3900, { interlaced: true }),
  'sixteen-bits.png': () => png(3900, { interlaced: true, bits: 16 }),
  'texts.png': () =>
    png(64, {
      before: Array<Buffer>(20).fill(chunk('zTXt', Buffer.concat([latin1('a\0\0'), bomb(64)]))),
    }),
  'profile.png': () => png(64, { before: [chunk('iCCP', Buffer.concat([latin1('a\0\0'), bomb(96)]))] }),
  'chunks.png': () => png(64, { before: Array<Buffer>(500_000).fill(chunk('tEXt', latin1('a\0'))) }),
  'unpacked.png': () =>
    Buffer.concat([png(8).subarray(0, 33), chunk('IDAT', bomb(96)), chunk('IEND', Buffer.alloc(0))]),
  'sides.gif': () => gif(65_535, 65_535, Buffer.alloc(0)),
  'large.gif': () => gif(3900, 3900, Buffer.alloc(0)),
  'extensions.gif': () => gif(16, 16, Buffer.concat(Array<Buffer>(500_000).fill(Buffer.of(0x21, 0xfe, 1, 65, 0)))),
  'frames.gif': () => gif(3900, 3900, Buffer.alloc(0), 50_000),
  'sides.tif': () => greyTiff(2 ** 31 - 1, 2 ** 31 - 1, 1),
  'strips.tif': () => greyTiff(5000, 6000, 2 ** 31),
  'one-strip.tif': () => greyTiff(5000, 6000, 6000),
  'directories.tif': () => tiff([[256, 4, 1, 1]], 8),
  'deflated.tif': () => {
    const packed = deflateSync(Buffer.alloc(2 ** 26), { level: 9 });
    const head = tiff([
      [256, 4, 1, 3900],
      [257, 4, 1, 3900],
      [258, 3, 1, 8],
      [259, 3, 1, 8],
      [262, 3, 1, 1],
      [273, 4, 1, 8 + 2 + 9 * 12 + 4],
      [277, 3, 1, 1],
      [278, 4, 1, 3900],
      [279, 4, 1, packed.length],
    ]);
    return Buffer.concat([head, packed]);
  },
  'sides.bmp': () => bmp(30_000, 30_000, 0, Buffer.alloc(9)),
  'runs.bmp': () => bmp(3900, 3900, 1, Buffer.from('0002ffff'.repeat(200), 'hex')),
  'jumps.bmp': () => bmp(3900, 3900, 1, Buffer.from('00020001'.repeat(4000), 'hex')),
  'sides.ppm': () => latin1('P6 60000 60000 255\n'),
  'digits.ppm': () => latin1(`P3 ${'1'.repeat(2 ** 22)} 1 255\n`),
  'comments.pgm': () => latin1(`P2\n${'#\n'.repeat(2 ** 22)}5600 5600 255\n`),
  'bits.pbm': () => latin1(`P1 3900 3900 ${'1'.repeat(3900 * 3900)}`),
  'canvas.webp': () =>
    riff(Buffer.concat([latin1('VP8X'), le(10, 4), Buffer.from([2, 0, 0, 0, 255, 255, 255, 255, 255, 255])])),
  'lossless.webp': () =>
    riff(Buffer.concat([latin1('VP8L'), le(16, 4), Buffer.from([0x2f, 0xff, 0xff, 0xff, 0x0f]), Buffer.alloc(11)])),
  'chunks.webp': () =>
    riff(
      Buffer.concat([
        latin1('VP8X'),
        le(10, 4),
        Buffer.from([2, 0, 0, 0, 15, 0, 0, 15, 0, 0]),
        ...Array<Buffer>(300_000).fill(Buffer.concat([latin1('ABCD'), le(0, 4)])),
      ]),
    ),
  'unpacked.jpg': () => deflateRawSync(Buffer.alloc(2 ** 20)),
};
