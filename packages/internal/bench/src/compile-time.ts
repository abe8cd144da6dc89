/**
 * What the engine takes to compile a network's first step, beside another checkout of this repository:
 * `pnpm --filter @cnnzoo/bench compile-time [FOLDER] [ROUNDS]`. The checkouts, both built, take turns in processes of their own.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { markdownTable } from 'markdown-table';
import { median } from './statistics.js';
import type { FirstStep } from './worker/first-step.js';

const works = ['lenet5 train 32', 'resnet18 train 4', 'resnet50 train 4', 'resnet50 predict 1'];

const here = fileURLToPath(new URL('../../../..', import.meta.url));
const [other, rounds = '3'] = process.argv.slice(2);
const program = fileURLToPath(new URL('./worker/first-step.ts', import.meta.url));

function measured(folder: string, work: string): FirstStep {
  const output = execFileSync(process.execPath, ['--import', 'tsx', program, folder, ...work.split(' ')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as FirstStep;
}

const folders = other === undefined ? [here] : [here, other];
const rows = works.map((work) => {
  const taken = Array.from({ length: Number(rounds) }, (_, round) => {
    const turns = round % 2 === 0 ? folders : folders.toReversed();
    const times = new Map(turns.map((folder) => [folder, measured(folder, work).compilation]));
    return folders.map((folder) => times.get(folder) ?? Number.NaN);
  });
  const medians = folders.map((_, i) => median(taken.map((times) => times[i] ?? Number.NaN)));
  const ratio = median(taken.map(([own = Number.NaN, theirs = Number.NaN]) => own / theirs));
  return [work, ...medians.map((time) => time.toFixed(0)), ...(other === undefined ? [] : [ratio.toFixed(2)])];
});
console.log(
  markdownTable([
    ['compiling, processor time', 'here, ms', ...(other === undefined ? [] : ['there, ms', 'ratio'])],
    ...rows,
  ]),
);
