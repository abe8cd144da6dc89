/** add, work, merge: see README.md. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { reportToJson } from '@cnnzoo/evaluate';
import { addRun, mergeRun, startWorker } from './shard-queue.js';

const usage = `npm start -- add RUN IMAGES MODEL
npm start -- work
npm start -- merge RUN report.json
  --redis redis://127.0.0.1:6379   where Redis is
  --patience 30                    seconds after which a silent worker counts as dead`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    redis: { type: 'string', default: 'redis://127.0.0.1:6379' },
    patience: { type: 'string', default: '30' },
  },
});
const [command, run, ...places] = positionals;
const [first, second] = places;
if (command === 'add' && run !== undefined && first !== undefined && second !== undefined)
  console.log(`${await addRun(values.redis, run, first, second)} jobs`);
else if (command === 'work') {
  const worker = startWorker(values.redis, 1000 * Number(values.patience), console.log);
  // The job that it has is finished first.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void worker.close().then(() => process.exit()));
} else if (command === 'merge' && run !== undefined && first !== undefined) {
  const report = await mergeRun(values.redis, run);
  await writeFile(first, reportToJson(report));
  console.log(`${first}: ${report.count} images, ${(100 * report.top1).toFixed(2)} % right`);
} else {
  console.error(usage);
  process.exitCode = 2;
}
