import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isFolder } from './open-network.js';

/** The images in a folder, or the image itself. @throws RangeError where a folder has none */
export function imagesAt(place: string): string[] {
  if (!isFolder(place)) return [place];
  const names = readdirSync(place).filter((name) => /\.(jpe?g|png|webp|gif|bmp|ppm|pgm|pnm|avif|tiff?)$/i.test(name));
  if (names.length === 0) throw new RangeError(`there are no images in ${place}`);
  return names.sort().map((name) => join(place, name));
}
