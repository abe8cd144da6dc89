import { check, type Rule, rule, shown } from '@cnnzoo/checks';
import type { Image } from '@cnnzoo/transforms';
import { imageRule } from './image-rule.js';

/** An image or its path. */
export const imageInputRule: Rule<Image | string> = /* @__PURE__ */ rule<Image | string>(
  'an image: { data, width, height, channels } or a path',
  (value) => typeof value === 'string' || (typeof value === 'object' && value !== null && 'data' in value),
);

/**
 * Pixels as they are, or those of a file.
 * @param channels that the network takes
 * @throws Error where the file cannot be read, or @cnnzoo/data, which decodes it, is not installed
 */
export async function readImageInput(image: Image | string, channels: number | null): Promise<Image> {
  if (typeof image !== 'string') {
    if (typeof image !== 'object' || image === null || !('data' in image))
      throw new TypeError(`image must be { data, width, height, channels } or a path, got ${shown(image)}`);
    return check('image', image, imageRule);
  }
  const { readImage } = await import('@cnnzoo/data').catch((cause) => {
    throw new Error(`to read '${image}', install the package @cnnzoo/data, or give the pixels`, { cause });
  });
  return readImage(image, { channels: channels === 1 || channels === 4 ? channels : 3 });
}
