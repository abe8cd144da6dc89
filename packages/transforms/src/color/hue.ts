import { check, number } from '@cnnzoo/checks';
import { type ByteImage, blankImage, type Image, isFloat } from '../image/image.js';
import { shiftHue } from '../simd/color.js';
import { defineTransform, type Transform } from '../transform.js';

/**
 * Turns the colour wheel: hue is shifted, saturation and lightness stay. A grey image stays as it is.
 * @param factor -0.5 to 0.5 of a whole turn
 * @throws RangeError where factor is out of that range
 * @example
 * import { adjustHue } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(adjustHue(0.1)(photo).width);
 */
export function adjustHue(factor: number): Transform {
  check('factor', factor, number(-0.5, 0.5));
  return defineTransform('adjustHue', [factor], (image) => {
    if (image.channels < 3) return image;
    if (isFloat(image)) return shiftFloatHue(image, factor);
    const shift = Math.trunc(factor * 255) & 255;
    return shiftHue(image as ByteImage, shift) ?? shiftByteHue(image, shift);
  });
}

/** With hue and saturation rounded down to 8 bits in between, as in Pillow's mode HSV, and its float32 in each step. */
function shiftByteHue(image: Image, shift: number): Image {
  const { data, width, height, channels } = image;
  const result = blankImage(image, width, height);
  const out = result.data;
  const f32 = Math.fround;
  for (let i = 0; i < data.length; i += channels) {
    const red = data[i] ?? 0;
    const green = data[i + 1] ?? 0;
    const blue = data[i + 2] ?? 0;
    if (channels === 4) out[i + 3] = data[i + 3] ?? 0;
    const value = Math.max(red, green, blue);
    const range = value - Math.min(red, green, blue);
    let hue = 0;
    let saturation = 0;
    if (range > 0) {
      const r = f32((value - red) / range);
      const g = f32((value - green) / range);
      const b = f32((value - blue) / range);
      const sixth = f32(red === value ? f32(b - g) : green === value ? 2 + r - b : 4 + g - r);
      hue = Math.trunc(f32((sixth / 6 + 1) % 1) * 255);
      saturation = Math.trunc(f32(range / value) * 255);
    }
    hue = (hue + shift) & 255;
    if (saturation === 0) {
      out[i] = out[i + 1] = out[i + 2] = value;
      continue;
    }
    const sector = Math.floor((hue * 6) / 255);
    const fraction = f32((hue * 6) / 255 - sector);
    const s = f32(saturation / 255);
    const p = Math.round(value * (1 - s));
    const q = Math.round(value * (1 - f32(s * fraction)));
    const t = Math.round(value * (1 - s * (1 - fraction)));
    writeSector(out, i, sector % 6, value, p, q, t);
  }
  return result;
}

function shiftFloatHue(image: Image, factor: number): Image {
  const { data, width, height, channels } = image;
  const result = blankImage(image, width, height);
  const out = result.data;
  for (let i = 0; i < data.length; i += channels) {
    const red = data[i] ?? 0;
    const green = data[i + 1] ?? 0;
    const blue = data[i + 2] ?? 0;
    if (channels === 4) out[i + 3] = data[i + 3] ?? 0;
    const value = Math.max(red, green, blue);
    const range = value - Math.min(red, green, blue);
    if (range === 0) {
      out[i] = out[i + 1] = out[i + 2] = value;
      continue;
    }
    const sixth =
      red === value ? (green - blue) / range : green === value ? 2 + (blue - red) / range : 4 + (red - green) / range;
    const hue = (((sixth / 6 + factor) % 1) + 1) % 1;
    const saturation = range / value;
    const sector = Math.floor(hue * 6);
    const fraction = hue * 6 - sector;
    const p = value * (1 - saturation);
    const q = value * (1 - saturation * fraction);
    const t = value * (1 - saturation * (1 - fraction));
    writeSector(out, i, sector % 6, value, p, q, t);
  }
  return result;
}

/** The colour in one of the six sectors of the wheel: red to yellow, to green, to cyan, to blue, to magenta, to red. */
function writeSector(
  out: Image['data'],
  at: number,
  sector: number,
  value: number,
  p: number,
  q: number,
  t: number,
): void {
  out[at] = sector === 0 || sector === 5 ? value : sector === 1 ? q : sector === 4 ? t : p;
  out[at + 1] = sector === 1 || sector === 2 ? value : sector === 0 ? t : sector === 3 ? q : p;
  out[at + 2] = sector === 3 || sector === 4 ? value : sector === 2 ? t : sector === 5 ? q : p;
}
