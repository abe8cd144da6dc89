import { grayscale, type Image, toRgb } from '@cnnzoo/transforms';

/** A grey or RGB image with other channels, as Pillow's `convert` to L, RGB or RGBA; alpha is 255. */
export function withChannels(image: Image, channels: 1 | 3 | 4): Image {
  if (channels === 1) return grayscale(1)(image);
  const rgb = toRgb()(image);
  if (channels === 3) return rgb;
  const { width, height } = rgb;
  const data = new Uint8Array(4 * width * height).fill(255);
  for (let from = 0, to = 0; from < rgb.data.length; from += 3, to += 4)
    for (let c = 0; c < 3; c++) data[to + c] = rgb.data[from + c] ?? 0;
  return { data, width, height, channels };
}

/** Throws unless the size is positive and has at most `maxPixels`. */
export function checkSize(width: number, height: number, maxPixels: number): void {
  if (!(width > 0 && height > 0)) throw new Error(`${width} x ${height} pixels`);
  if (width * height > maxPixels)
    throw new Error(
      `${width} x ${height} pixels exceed the limit of ${maxPixels}; set maxPixels where they are wanted`,
    );
}
