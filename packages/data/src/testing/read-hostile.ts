/**
 * Reads the files of its arguments, and prints a line of JSON for each: what came of it, seconds of processor time, and MB at most until
 * then.
 */
import { basename, dirname } from 'node:path';
import { peakMegabytes } from '@cnnzoo/testing/peak-memory';
import { readIdx } from '../datasets/idx.js';
import { imageFolder } from '../datasets/image-folder.js';
import { readImage } from '../images/decode-image.js';

async function read(path: string): Promise<string> {
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

async function run(): Promise<void> {
  for (const path of process.argv.slice(2)) {
    // Repeated in @cnnzoo/weights: what is measured of a process differs, and a shared file for six lines would need a package.
    const start = process.cpuUsage();
    let result: string;
    try {
      result = await read(path);
    } catch (error) {
      result = error instanceof Error ? `${error.name}: ${error.message}` : 'no error';
    }
    const { user, system } = process.cpuUsage(start);
    const seconds = (user + system) / 1e6;
    const megabytes = peakMegabytes();
    const named = result.includes(basename(path));
    console.log(
      JSON.stringify({ path, result: result.slice(0, 400), length: result.length, named, seconds, megabytes }),
    );
  }
}

void run();
