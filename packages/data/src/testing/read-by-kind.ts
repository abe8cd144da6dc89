import { dirname } from 'node:path';
import { readIdx } from '../datasets/idx.js';
import { imageFolder } from '../datasets/image-folder.js';
import { readImage } from '../images/decode-image.js';

/** Reads a file as what its name says it is, and says what it found. */
export async function readByKind(path: string): Promise<string> {
  if (/\.(zip|tar)$/.test(path)) {
    const { length, get } = await imageFolder(path);
    const { image } = await get(0);
    return `${length} images, the first of ${image.width} x ${image.height}`;
  }
  if (/\.idx/.test(path)) return `an array ${(await readIdx(path, 3)).shape.join(' x ')}`;
  if (/\.(csv|json)$/.test(path)) return `${(await imageFolder(dirname(path), { labels: path })).length} labels`;
  const { width, height } = await readImage(path);
  return `${width} x ${height} pixels`;
}
