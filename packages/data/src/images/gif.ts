/** What there is to know of a GIF's first frame besides its pixels. */
export interface GifFrame {
  readonly file: Uint8Array;
  /** The file without the mark that one colour is transparent. */
  readonly opaqueFile: Uint8Array;
  /** Whether one colour is transparent. */
  readonly transparent: boolean;
  /** The part of the image that the frame fills. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** The colour of the rest: the transparent one, or else the palette's first. */
  readonly background: readonly [red: number, green: number, blue: number];
}

/** @throws Error where the file ends before its first frame */
export function gifFrame(file: Uint8Array): GifFrame {
  const byte = (at: number): number => {
    const value = file[at];
    if (value === undefined) throw new Error('it ends before its first frame');
    return value;
  };
  const short = (at: number) => byte(at) + 256 * byte(at + 1);
  const paletteBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  const screenFlags = byte(10);
  let at = 13 + paletteBytes(screenFlags);
  let transparentIndex: number | undefined;
  let opaqueFile = file;
  // Extensions come before the frame; of the graphic control ones the last counts.
  while (byte(at) === 0x21) {
    const isGraphicControl = byte(at + 1) === 0xf9;
    if (isGraphicControl && byte(at + 3) & 1) {
      transparentIndex = byte(at + 6);
      if (opaqueFile === file) opaqueFile = new Uint8Array(file);
      opaqueFile[at + 3] = byte(at + 3) & ~1;
    }
    at += 2;
    while (byte(at) !== 0) at += byte(at) + 1;
    at++;
  }
  if (byte(at) !== 0x2c) throw new Error('it has no frame');
  const [left, top] = [short(at + 1), short(at + 3)];
  const ownPalette = paletteBytes(byte(at + 9)) > 0;
  const palette = (ownPalette ? at + 10 : 13) + 3 * (transparentIndex ?? 0);
  const hasPalette = ownPalette || paletteBytes(screenFlags) > 0;
  return {
    file,
    opaqueFile,
    transparent: transparentIndex !== undefined,
    left,
    top,
    right: left + short(at + 5),
    bottom: top + short(at + 7),
    background: hasPalette ? [byte(palette), byte(palette + 1), byte(palette + 2)] : [0, 0, 0],
  };
}
