import { type Rule, rule } from './rule.js';

/** What an image of plain numbers is known by. */
interface ImageLike {
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** An image with as many pixels as its sizes say. */
/* @__NO_SIDE_EFFECTS__ */
export function image<T extends ImageLike>(): Rule<T> {
  return rule<T>(
    'an image: { data, width, height, channels } with width x height x channels values',
    (value) => {
      const { data, width, height, channels } = (value ?? {}) as Partial<ImageLike>;
      return (
        (data instanceof Uint8Array || data instanceof Uint8ClampedArray || data instanceof Float32Array) &&
        [width, height, channels].every(Number.isSafeInteger)
      );
    },
    ({ data, width, height, channels }) =>
      width >= 1 && height >= 1 && channels >= 1 && data.length === width * height * channels,
  );
}
