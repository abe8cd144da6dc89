/**
 * Reads the files and folders of its arguments, and prints a line of JSON for each: what came of it, seconds of processor time, and MB at
 * most until then.
 */
import '@tensorflow/tfjs-backend-cpu';
import { statSync } from 'node:fs';
import { peakMegabytes } from '@cnnzoo/testing/peak-memory';
import { readWeights } from '../formats/read-weights.js';
import { readLayersModel } from '../formats/tfjs/layers-model.js';

for (const path of process.argv.slice(2)) {
  const start = process.cpuUsage();
  let result: string;
  try {
    const dict = await (statSync(path).isDirectory() ? readLayersModel(path) : readWeights(path));
    for (const { data } of dict.values()) if (data.length < 0) throw new Error('impossible');
    result = `${dict.size} tensors`;
  } catch (error) {
    result = error instanceof Error ? `${error.name}: ${error.message}` : 'no error';
  }
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6;
  console.log(
    JSON.stringify({
      path,
      result: result.slice(0, 400),
      length: result.length,
      seconds,
      megabytes: peakMegabytes(),
    }),
  );
}
