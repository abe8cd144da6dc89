/**
 * What the engine takes to compile a network's first step, beside another checkout of this repository:
 * `pnpm --filter @cnnzoo/bench compile-time [FOLDER] [ROUNDS]`.
 */
import { markdownTable } from 'markdown-table';
import { compared, here, inTurns } from './checkouts.js';
import type { FirstStep } from './worker/first-step.js';

/** Few pixels where the network takes them, so that the step is short beside what is measured; the graph has as many nodes. */
const works = ['lenet5 train 32 32', 'resnet18 train 4 96', 'resnet50 train 4 96', 'resnet50 predict 1 224'];

const [other, rounds = '3'] = process.argv.slice(2);
const folders = other === undefined ? [here] : [here, other];
const rows = works.map((work) => {
  const results = inTurns<FirstStep>(folders, 'first-step.ts', work, Number(rounds));
  const { medians, ratio } = compared(results.map((round) => round.map(({ compilation }) => compilation)));
  return [work, ...medians.map((time) => time.toFixed(0)), ...(other === undefined ? [] : [ratio.toFixed(2)])];
});
console.log(
  markdownTable([
    ['compiling, processor time', 'here, ms', ...(other === undefined ? [] : ['there, ms', 'ratio'])],
    ...rows,
  ]),
);
