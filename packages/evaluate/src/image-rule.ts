import { type Rule, rule } from '@cnnzoo/checks';
import type { Image } from '@cnnzoo/transforms';

/** An image with as many pixels as its sizes say. */
export const imageRule: Rule<Image> = rule<Image>(
  'an image: { data, width, height, channels } with width x height x channels values',
  (value) => {
    const image = value as Partial<Image> | null | undefined;
    return ArrayBuffer.isView(image?.data) && [image.width, image.height, image.channels].every(Number.isSafeInteger);
  },
  ({ data, width, height, channels }) =>
    width >= 1 && height >= 1 && channels >= 1 && data.length === width * height * channels,
);
