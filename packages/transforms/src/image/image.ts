import { check, integer, shown } from '@cnnzoo/checks';

/**
 * An image as plain numbers: rows from top to bottom, pixels from left to right, channels last (HWC), so the value of
 * channel c at (x, y) is `data[(y * width + x) * channels + c]`. 1 channel is grey, 3 are RGB, 4 are RGB and alpha.
 * 8-bit values are 0 to 255; float values are 0 to 1 until they are normalized.
 */
export interface Image {
  readonly data: Uint8Array | Uint8ClampedArray | Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** An 8-bit {@link Image}. */
export interface ByteImage extends Image {
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** A float {@link Image}. */
export interface FloatImage extends Image {
  readonly data: Float32Array;
}

export function isFloat(image: Image): image is FloatImage {
  return image.data instanceof Float32Array;
}

const side = /* @__PURE__ */ integer(1);

/**
 * Checks that an image is one: whole positive sizes, and as many values as they say.
 * @throws TypeError where `data` is no pixel array; RangeError where a size is wrong or `data` is too short or too long.
 */
export function checkImage(image: Image): void {
  if (typeof image !== 'object' || image === null)
    throw new TypeError(`image must be { data, width, height, channels }, got ${shown(image)}`);
  const { data, width, height, channels } = image;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray || data instanceof Float32Array))
    throw new TypeError(`image.data must be a Uint8Array, Uint8ClampedArray or Float32Array, got ${shown(data)}`);
  for (const [name, value] of Object.entries({ width, height, channels })) check(`image.${name}`, value, side);
  if (data.length !== width * height * channels)
    throw new RangeError(
      `image.data must hold width * height * channels = ${width} * ${height} * ${channels} = ${width * height * channels} values, got ${data.length}`,
    );
}

/** A new image of the same kind of numbers, all zero. */
export function blankImage(like: Image, width: number, height: number, channels = like.channels): Image {
  const length = width * height * channels;
  return { data: isFloat(like) ? new Float32Array(length) : new Uint8Array(length), width, height, channels };
}

/** A copy of an image's values. Not by slice(), which for a Node Buffer gives a view of the same memory. */
export function copyOfData({ data }: Image): Uint8Array | Float32Array {
  return data instanceof Float32Array ? new Float32Array(data) : new Uint8Array(data);
}
