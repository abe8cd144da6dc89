import { check, integer, number } from '@cnnzoo/checks';
import { type ByteImage, type Image, isFloat } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';
import { applyTable, applyTables, colorChannels, histograms, mapFloats, requireBytes } from './lookup-table.js';

/**
 * Turns colours into their opposites: 255 - value, or 1 - value of floats.
 * @example
 * import { invert } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(invert()(photo).width);
 */
export function invert(): Transform {
  return defineTransform('invert', [], (image) =>
    isFloat(image)
      ? mapFloats(image, (value) => 1 - value)
      : applyTable(
          image as ByteImage,
          table((value) => 255 - value),
        ),
  );
}

/**
 * Keeps the highest bits of each value.
 * @param bits to keep, 0 to 8
 * @throws RangeError where bits is wrong; when run, TypeError on a float image
 * @example
 * import { posterize } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(posterize(4)(photo).width);
 */
export function posterize(bits: number): Transform {
  check('bits', bits, integer(0, 8));
  const mask = 256 - 2 ** (8 - bits);
  return defineTransform('posterize', [bits], (image) =>
    applyTable(
      requireBytes('posterize', image),
      table((value) => value & mask),
    ),
  );
}

/**
 * Inverts the values from a threshold up.
 * @param threshold 0 to 255 (256 changes nothing), or 0 to 1 for float images
 * @example
 * import { solarize } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(solarize(128)(photo).width);
 */
export function solarize(threshold: number): Transform {
  check('threshold', threshold, number(0, 256));
  return defineTransform('solarize', [threshold], (image) =>
    isFloat(image)
      ? mapFloats(image, (value) => (value < threshold ? value : 1 - value))
      : applyTable(
          image as ByteImage,
          table((value) => (value < threshold ? value : 255 - value)),
        ),
  );
}

/**
 * Stretches each channel so that its darkest value becomes 0 and its lightest 255 (1 for floats).
 * @example
 * import { autocontrast } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(autocontrast()(photo).width);
 */
export function autocontrast(): Transform {
  return defineTransform('autocontrast', [], (image) => {
    if (isFloat(image)) return stretchFloats(image);
    const bytes = image as ByteImage;
    const all = histograms(bytes);
    return applyTables(bytes, (channel) => {
      const counts = all[channel] ?? new Uint32Array(256);
      const lowest = counts.findIndex((count) => count > 0);
      const highest = counts.findLastIndex((count) => count > 0);
      if (highest <= lowest) return table((value) => value);
      const scale = 255 / (highest - lowest);
      return table((value) => Math.trunc(value * scale - lowest * scale));
    });
  });
}

/**
 * Spreads the values of each channel evenly, as Pillow's ImageOps.equalize.
 * @throws when run, TypeError on a float image
 * @example
 * import { equalize } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * console.log(equalize()(photo).width);
 */
export function equalize(): Transform {
  return defineTransform('equalize', [], (image) => {
    const bytes = requireBytes('equalize', image);
    const all = histograms(bytes);
    return applyTables(bytes, (channel) => {
      const counts = all[channel] ?? new Uint32Array(256);
      const last = counts[counts.findLastIndex((count) => count > 0)] ?? 0;
      const step = Math.floor((image.width * image.height - last) / 255);
      if (step === 0) return table((value) => value);
      let below = Math.floor(step / 2);
      return table((value) => {
        const level = Math.floor(below / step);
        below += counts[value] ?? 0;
        return level;
      });
    });
  });
}

/** A table of `result(0)` to `result(255)`, cut off at 0 and 255. */
function table(result: (value: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, value) => Math.min(255, Math.max(0, result(value))));
}

function stretchFloats(image: Image): Image {
  const { channels } = image;
  const data = Float32Array.from(image.data);
  for (let c = 0; c < colorChannels(image); c++) {
    let lowest = Infinity;
    let highest = -Infinity;
    for (let i = c; i < data.length; i += channels) {
      lowest = Math.min(lowest, data[i] ?? 0);
      highest = Math.max(highest, data[i] ?? 0);
    }
    if (highest > lowest)
      for (let i = c; i < data.length; i += channels) data[i] = ((data[i] ?? 0) - lowest) / (highest - lowest);
  }
  return { ...image, data };
}
