/** Pictures for tasks that read files: the same in each run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const classes = 10;
const size = 32;

/** Waves of other lengths and colours for each picture, so that a JPEG has as much to decode as that of a photograph. */
function pixelsOf(picture: number): Uint8Array {
  const pixels = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (let c = 0; c < 3; c++) {
        const wave = Math.sin((x * (1 + (picture % 7)) + y * (1 + (picture % 5))) / 6 + c + picture);
        pixels[(y * size + x) * 3 + c] = 128 + 70 * wave + 50 * Math.sin(picture * 31 + x * y + c);
      }
  return pixels;
}

/** Writes `count` JPEG files of 32x32 pixels as FOLDER/CLASS/NUMBER.jpg. */
export async function writePictures(folder: string, count: number): Promise<void> {
  for (let label = 0; label < classes; label++) mkdirSync(join(folder, `${label}`), { recursive: true });
  for (let picture = 0; picture < count; picture++) {
    const image = sharp(pixelsOf(picture), { raw: { width: size, height: size, channels: 3 } });
    writeFileSync(join(folder, `${picture % classes}`, `${picture}.jpg`), await image.jpeg({ quality: 90 }).toBuffer());
  }
}
