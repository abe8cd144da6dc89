import { check, shown } from '@cnnzoo/checks';
import type { Image } from '@cnnzoo/transforms';
import { imageRule } from './image-rule.js';

/**
 * Pixels as they are, or those of a file.
 * @param channels that the network takes
 * @throws Error where the file cannot be read, or @cnnzoo/data, which decodes it, is not installed
 */
export async function readImageInput(picture: Image | string, channels: number | null): Promise<Image> {
  if (typeof picture !== 'string') {
    if (typeof picture !== 'object' || picture === null || !('data' in picture))
      throw new TypeError(`image must be { data, width, height, channels } or a path, got ${shown(picture)}`);
    return check('image', picture, imageRule);
  }
  const { readImage } = await import('@cnnzoo/data').catch((cause) => {
    throw new Error(`to read '${picture}', install the package @cnnzoo/data, or give the pixels`, { cause });
  });
  return readImage(picture, { channels: channels === 1 || channels === 4 ? channels : 3 });
}
