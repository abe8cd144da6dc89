/** `npm run chaos`: disturbs runs, loaders and frozen models for a bounded time. The seed that it prints repeats what it drew. */
import '@tensorflow/tfjs-backend-cpu';
import { Command, InvalidArgumentError } from 'commander';
import { diskFaults } from './disk-faults.js';
import { frozenPool } from './frozen-pool.js';
import { kills } from './kills.js';
import { loaderWorkers } from './loader-workers.js';
import { type Random, randomOf } from './random.js';
import { twoTrainers } from './two-trainers.js';

/** One round of each in a bounded run, and what the project's figures count. */
const scenarios: Record<
  string,
  { round: (random: Random) => Promise<string>; full: (random: Random) => Promise<string> }
> = {
  kills: { round: (random) => kills(4, random), full: (random) => kills(200, random) },
  disk: { round: (random) => diskFaults(3, random), full: (random) => diskFaults(50, random) },
  'two-trainers': { round: () => twoTrainers(3), full: () => twoTrainers(50) },
  loader: { round: (random) => loaderWorkers(8, random), full: (random) => loaderWorkers(200, random) },
  frozen: { round: (random) => frozenPool(1000, 2, random), full: (random) => frozenPool(20_000, 20, random) },
};

const count = (text: string) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('expected an integer of at least 0');
  return value;
};
const { seed, seconds, only, full } = new Command('chaos')
  .option('--seed <integer>', 'repeats a run', count, Math.floor(Math.random() * 2 ** 32))
  .option('--seconds <integer>', 'rounds begin until then', count, 60)
  .option('--only <names>', `some of ${Object.keys(scenarios).join(', ')}`)
  .option(
    '--full',
    'the whole counts: 200 kills, 50 full disks, 200 deaths of workers, 50 pairs of trainers, 20,000 requests',
  )
  .parse()
  .opts<{ seed: number; seconds: number; only?: string; full?: boolean }>();
const names = only?.split(',') ?? Object.keys(scenarios);
console.log(`chaos --seed ${seed}${full ? ' --full' : ''}`);
const random = randomOf(seed);
const began = performance.now();
const elapsed = () => (performance.now() - began) / 1000;
do {
  for (const name of names) {
    const scenario = scenarios[name];
    if (scenario === undefined) throw new RangeError(`--only: there is no '${name}'`);
    if (!full && elapsed() > seconds) break;
    console.log(`${name}: ${await (full ? scenario.full : scenario.round)(random)} (${elapsed().toFixed(0)} s)`);
  }
} while (!full && elapsed() < seconds);
process.exit();
