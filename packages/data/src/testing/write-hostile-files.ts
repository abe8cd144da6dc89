import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostileArchives, hostileArrays, hostileLists } from './hostile-data.js';
import { hostileImages } from './hostile-images.js';

/** Writes all hostile files. @returns their paths */
export function writeHostileFiles(folder: string): string[] {
  return Object.entries({ ...hostileImages, ...hostileArchives, ...hostileArrays, ...hostileLists }).map(
    ([name, make]) => {
      writeFileSync(join(folder, name), make());
      return join(folder, name);
    },
  );
}
