/**
 * What a step takes once its graph is there: `later-steps.ts FOLDER NETWORK train|predict BATCH SIDE`, see `checkoutStep`. Prints one line
 * of JSON.
 */
import { median } from '../statistics.js';
import { checkoutStep, processorTime } from './checkout-step.js';

export interface LaterSteps {
  /** Milliseconds of processor time from the caller's arrays to the result. */
  readonly step: number;
  /** The part of it that makes tensors of the caller's arrays, which copies them. */
  readonly inputs: number;
}

/** The first steps compile: predictions a second time, with constant weights. */
const warmUps = 6;
/** Then steps are timed for this long, in milliseconds, and at least this often. */
const duration = 4_000;
const fewest = 7;

const { makeInputs, record } = await checkoutStep(process.argv.slice(2));

/**
 * On the clock, because the clock of processor time does not tell so little; and within steps, because the buffers that hold the copies come
 * back with each. The median leaves out what other programs take.
 */
const making: number[] = [];

function step(): number {
  return processorTime(() => {
    const start = performance.now();
    const inputs = makeInputs();
    making.push(performance.now() - start);
    record(inputs)();
    for (const input of inputs) input.dispose();
  });
}

for (let i = 0; i < warmUps; i++) step();
const steps: number[] = [];
for (const start = performance.now(); performance.now() - start < duration || steps.length < fewest; )
  steps.push(step());
console.log(JSON.stringify({ step: median(steps), inputs: median(making) } satisfies LaterSteps));
process.exit(0);
