/**
 * Reads the files of its arguments, and prints a line of JSON for each: what came of it, seconds of processor time, and MB at most until
 * then.
 */
import { basename } from 'node:path';
import { peakMegabytes } from '@cnnzoo/testing/peak-memory';
import { readByKind } from './read-by-kind.js';

async function run(): Promise<void> {
  for (const path of process.argv.slice(2)) {
    // Repeated in @cnnzoo/weights: what is measured of a process differs, and a shared file for six lines would need a package.
    const start = process.cpuUsage();
    let result: string;
    try {
      result = await readByKind(path);
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
