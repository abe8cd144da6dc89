/**
 * What training steps and predictions take beside another checkout of this repository, and what copying the caller's arrays is of it:
 * `pnpm --filter @cnnzoo/bench step-time FOLDER [ROUNDS] [WORK…]`, where a WORK is a row's name, such as 'lenet5 train 32 32'.
 */
import { markdownTable } from 'markdown-table';
import { compared, here, inTurns } from './checkouts.js';
import type { LaterSteps } from './worker/later-steps.js';

/** Network, mode, batch size, and height and width of an image. */
const works = [
  'lenet5 train 32 32',
  'lenet5 predict 32 32',
  'resnet18 train 4 112',
  'resnet18 predict 1 224',
  'resnet50 train 4 112',
  'resnet50 predict 1 224',
];

const [other, rounds = '3', ...wanted] = process.argv.slice(2);
if (other === undefined) throw new RangeError('step-time needs the folder of another checkout, which is built');
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const rows = (wanted.length === 0 ? works : wanted).map((work) => {
  const results = inTurns<LaterSteps>([here, other], 'later-steps.ts', work, Number(rounds));
  const steps = compared(results.map((round) => round.map(({ step }) => step)));
  const inputs = compared(results.map((round) => round.map((of) => of.inputs / of.step)));
  return [
    work,
    ...steps.medians.map((time) => time.toFixed(2)),
    steps.ratio.toFixed(3),
    ...inputs.medians.map(percent),
  ];
});
console.log(
  markdownTable([
    ['processor time', 'here, ms', 'there, ms', 'ratio', 'making tensors of arrays, here', 'there'],
    ...rows,
  ]),
);
