import type { Image } from '@cnnzoo/transforms';
import { checkSize } from './channels.js';

/** The layouts of 16 and 32 bits that Pillow reads: the masks of red, green and blue. */
const layouts: Readonly<Record<number, readonly (readonly [number, number, number])[]>> = {
  16: [
    [0xf800, 0x7e0, 0x1f],
    [0x7c00, 0x3e0, 0x1f],
  ],
  24: [[0xff0000, 0xff00, 0xff]],
  32: [
    [0xff0000, 0xff00, 0xff],
    [0xff000000, 0xff0000, 0xff00],
    [0xff000000, 0xff00, 0xff],
    [0xff, 0xff00, 0xff0000],
  ],
};

const compressions = ['none', 'RLE8', 'RLE4', 'bit fields'] as const;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: (typeof compressions)[number];
  /** Where the pixels begin. */
  readonly start: number;
  /** Where the palette begins, and how long it and one of its colours are, in bytes. */
  readonly palette: { readonly start: number; readonly colours: number; readonly stride: 3 | 4 };
  readonly masks: readonly [number, number, number];
}

/**
 * Decodes a Windows bitmap of 1, 4, 8, 16, 24 or 32 bits, run-length encoded or not, as Pillow's `convert('RGB')`: without alpha.
 * @returns RGB pixels
 * @throws Error where the bytes are no such file, or too few
 */
export function decodeBmp(bytes: Uint8Array, maxPixels: number): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(view, maxPixels);
  const { width, height, topDown, bits, compression } = header;
  const rowBytes = (Math.ceil((width * bits) / 8) + 3) & ~3;
  const encoded = compression === 'RLE8' || compression === 'RLE4';
  if (!encoded && header.start + rowBytes * height > bytes.length)
    throw new Error(
      `truncated: ${Math.max(0, bytes.length - header.start)} bytes of pixels, expected ${rowBytes * height}`,
    );
  const data = new Uint8Array(3 * width * height);
  const colours = bits <= 8 ? readPalette(bytes, header) : undefined;
  const indices = encoded ? runs(bytes, header) : undefined;
  for (let row = 0; row < height; row++) {
    const from = header.start + row * rowBytes;
    let to = 3 * width * (topDown ? row : height - 1 - row);
    for (let x = 0; x < width; x++, to += 3) {
      if (colours !== undefined) {
        const index = indices?.[row * width + x] ?? packedIndex(bytes, from, x, bits);
        for (let c = 0; c < 3; c++) data[to + c] = colours[3 * index + c] ?? 0;
      } else if (bits === 24) for (let c = 0; c < 3; c++) data[to + c] = bytes[from + 3 * x + 2 - c] ?? 0;
      else {
        const pixel = bits === 16 ? view.getUint16(from + 2 * x, true) : view.getUint32(from + 4 * x, true);
        for (let c = 0; c < 3; c++) data[to + c] = component(pixel, header.masks[c] ?? 0);
      }
    }
  }
  return { data, width, height, channels: 3 };
}

function readHeader(view: DataView, maxPixels: number): Header {
  const need = (length: number) => {
    if (view.byteLength < length) throw new Error(`truncated: ${view.byteLength} bytes, its header has ${length}`);
  };
  need(18);
  const size = view.getUint32(14, true);
  need(14 + size);
  const old = size === 12;
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const rows = old ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(old ? 24 : 28, true);
  checkSize(width, Math.abs(rows), maxPixels);
  const compression = compressions[old ? 0 : view.getUint32(30, true)];
  if (compression === undefined) throw new Error(`its compression ${view.getUint32(30, true)} is none of 0 to 3`);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new Error(`${bits} bits a pixel, expected 1, 4, 8, 16, 24 or 32`);
  if ((compression === 'RLE8' && bits !== 8) || (compression === 'RLE4' && bits !== 4))
    throw new Error(`${compression} of ${bits} bits a pixel`);
  const separateMasks = compression === 'bit fields' && size < 52 ? 12 : 0;
  need(14 + size + separateMasks);
  const stride = old ? 3 : 4;
  const colours = (!old && view.getUint32(46, true)) || 2 ** Math.min(bits, 8);
  if (bits <= 8 && colours > 65536) throw new Error(`a palette of ${colours} colours`);
  return {
    width,
    height: Math.abs(rows),
    topDown: rows < 0,
    bits,
    compression,
    start: view.getUint32(10, true),
    palette: { start: 14 + size, colours, stride },
    masks: readMasks(view, bits, compression),
  };
}

function readMasks(view: DataView, bits: number, compression: Header['compression']): Header['masks'] {
  if (compression !== 'bit fields') return bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  const masks = [54, 58, 62].map((at) => view.getUint32(at, true));
  // Four masks of 0 mean the usual order.
  if (bits === 32 && masks.every((mask) => mask === 0)) return [0xff0000, 0xff00, 0xff];
  const layout = layouts[bits]?.find((known) => known.every((mask, i) => mask === masks[i]));
  if (layout === undefined)
    throw new Error(`bit fields ${masks.map((mask) => `0x${mask.toString(16)}`).join(', ')} of ${bits} bits`);
  return layout;
}

/** The bits of a mask, widened to 8: 5 bits of 31 are 255. */
function component(pixel: number, mask: number): number {
  const shift = 31 - Math.clz32(mask & -mask);
  const highest = mask >>> shift;
  return Math.trunc((((pixel & mask) >>> shift) * 255) / highest);
}

function packedIndex(bytes: Uint8Array, from: number, x: number, bits: number): number {
  const perByte = 8 / bits;
  const byte = bytes[from + Math.floor(x / perByte)] ?? 0;
  return (byte >> (8 - bits * ((x % perByte) + 1))) & (2 ** bits - 1);
}

/** RGB of each colour; a palette that is cut short ends in black. */
function readPalette(bytes: Uint8Array, { palette: { start, colours, stride } }: Header): Uint8Array {
  const rgb = new Uint8Array(3 * 256);
  for (let index = 0; index < Math.min(256, colours); index++)
    for (let c = 0; c < 3; c++) rgb[3 * index + c] = bytes[start + index * stride + 2 - c] ?? 0;
  return rgb;
}

/** The colours' indices of a run-length encoded image, bottom row first. */
function runs(bytes: Uint8Array, { width, height, start, compression }: Header): Uint8Array {
  const count = width * height;
  // A pair of bytes makes at most 255 pixels, a jump of four at most 255 rows and 255 pixels more: checked before anything is allocated.
  if (count > (bytes.length - start) * 64 * (width + 1))
    throw new Error(`truncated: ${bytes.length - start} bytes cannot hold ${width} x ${height} pixels`);
  const four = compression === 'RLE4';
  const result = new Uint8Array(count);
  let [at, to, x] = [start, 0, 0];
  while (to < count) {
    const length = bytes[at];
    const second = bytes[at + 1];
    if (length === undefined || second === undefined) break;
    at += 2;
    if (length > 0) {
      const pixels = Math.min(Math.max(0, width - x), length, count - to);
      for (let i = 0; i < pixels; i++) result[to + i] = four ? (i % 2 === 0 ? second >> 4 : second & 15) : second;
      to += pixels;
      x += pixels;
    } else if (second === 0) {
      to = Math.min(count, Math.ceil(to / width) * width);
      x = 0;
    } else if (second === 1) break;
    else if (second === 2) {
      const [right, up] = [bytes[at], bytes[at + 1]];
      if (right === undefined || up === undefined) break;
      at += 2;
      to = Math.min(count, to + right + up * width);
      x = to % width;
    } else {
      const pixels = Math.min(second, count - to);
      const length = four ? Math.ceil(pixels / 2) : pixels;
      if (at + length > bytes.length) break;
      for (let i = 0; i < pixels; i++) {
        const byte = bytes[at + (four ? i >> 1 : i)] ?? 0;
        result[to + i] = four ? (i % 2 === 0 ? byte >> 4 : byte & 15) : byte;
      }
      to += pixels;
      x += second;
      at += length + ((at + length) % 2);
    }
  }
  if (to < count) throw new Error(`truncated: its runs make ${to} of ${count} pixels`);
  return result;
}
