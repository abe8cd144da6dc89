import type { Image } from '@cnnzoo/transforms';
import { checkSize } from './channels.js';

/** What P1 to P6 hold: text or bytes, of 1 or 3 channels. */
const kinds: Readonly<Record<string, { readonly channels: 1 | 3; readonly text: boolean; readonly bits: boolean }>> = {
  P1: { channels: 1, text: true, bits: true },
  P2: { channels: 1, text: true, bits: false },
  P3: { channels: 3, text: true, bits: false },
  P4: { channels: 1, text: false, bits: true },
  P5: { channels: 1, text: false, bits: false },
  P6: { channels: 3, text: false, bits: false },
};

/** Longer numbers are an error, as in Pillow. */
const maxDigits = 10;

/**
 * Decodes a portable bitmap, graymap or pixmap (https://netpbm.sourceforge.net/doc), as Pillow's `convert`: values are scaled to 255, but
 * those of graymaps with more than 8 bits are cut off at 255 after they were scaled to 65,535.
 * @returns grey or RGB pixels
 * @throws Error where the bytes are no such file, or too few
 */
export function decodePpm(bytes: Uint8Array, maxPixels: number): Image {
  const kind = kinds[String.fromCharCode(bytes[0] ?? 0, bytes[1] ?? 0)];
  if (kind === undefined) throw new Error('its kind is none of P1 to P6');
  const header = new Tokens(bytes, 2);
  const [width, height] = [header.integer(), header.integer()];
  checkSize(width, height, maxPixels);
  const highest = kind.bits ? 1 : header.integer();
  if (highest < 1 || highest > 65535) throw new Error(`its highest value is ${highest}, expected 1 to 65535`);
  const { channels } = kind;
  const count = width * height * channels;
  const start = header.position;
  // Each value takes at least this many bytes; checked before anything is allocated.
  const rowBytes = kind.bits ? Math.ceil(width / 8) : width * channels * (highest > 255 ? 2 : 1);
  const least = kind.text ? (kind.bits ? count : 2 * count - 1) : rowBytes * height;
  if (bytes.length - start < least)
    throw new Error(`truncated: ${bytes.length - start} bytes of pixels, expected at least ${least}`);
  const scale = scaling(highest, channels);
  const data = new Uint8Array(count);
  if (kind.text) {
    const tokens = new Tokens(bytes, start);
    for (let i = 0; i < count; i++) {
      const value = kind.bits ? tokens.bit() : tokens.integer();
      if (value > highest) throw new Error(`a value of ${value}, above its highest, ${highest}`);
      data[i] = kind.bits ? 255 * (1 - value) : scale(value);
    }
  } else if (kind.bits) {
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++)
        data[i] = ((bytes[start + y * rowBytes + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1 ? 0 : 255;
  } else if (highest > 255)
    for (let i = 0; i < count; i++)
      data[i] = scale(256 * (bytes[start + 2 * i] ?? 0) + (bytes[start + 2 * i + 1] ?? 0));
  else for (let i = 0; i < count; i++) data[i] = scale(bytes[start + i] ?? 0);
  return { data, width, height, channels };
}

function scaling(highest: number, channels: 1 | 3): (value: number) => number {
  if (highest === 255) return (value) => value;
  const most = highest > 255 && channels === 1 ? 65535 : 255;
  return (value) => Math.min(255, roundHalfToEven((value / highest) * most));
}

/** Python's round. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor & 1) : Math.round(value);
}

/** Reads numbers with white space between them, and comments from # to the end of the line. */
class Tokens {
  readonly #bytes: Uint8Array;
  /** After the one byte of white space that ends a number. */
  position: number;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  integer(): number {
    let [value, digits] = [0, 0];
    for (let byte = this.#next(); ; byte = this.#bytes[this.position++]) {
      if (byte === undefined || isSpace(byte)) break;
      if (byte < 0x30 || byte > 0x39 || ++digits > maxDigits)
        throw new Error(`no number where one is expected, at byte ${this.position - 1}`);
      value = 10 * value + byte - 0x30;
    }
    if (digits === 0) throw new Error('truncated: a number is missing');
    return value;
  }

  /** In P1 bits need no white space between them. */
  bit(): number {
    const byte = this.#next();
    if (byte !== 0x30 && byte !== 0x31) throw new Error('no 0 or 1 where one is expected');
    return byte - 0x30;
  }

  /** The next byte that is neither white space nor in a comment. */
  #next(): number | undefined {
    for (;;) {
      const byte = this.#bytes[this.position++];
      if (byte === 0x23) while (!isLineEnd(this.#bytes[this.position++])) {}
      else if (byte === undefined || !isSpace(byte)) return byte;
    }
  }
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === undefined || byte === 0x0a || byte === 0x0d;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
