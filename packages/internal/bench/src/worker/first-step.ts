/**
 * What computing the first step costs beyond computing a later one, which is compiling its graph:
 * `first-step.ts FOLDER NETWORK train|predict BATCH SIDE`, see `checkoutStep`. Prints one line of JSON.
 */
import { checkoutStep, processorTime } from './checkout-step.js';

export interface FirstStep {
  /** Milliseconds of processor time of computing the first step, without what a later one takes. Recording it is not counted. */
  readonly compilation: number;
}

const { makeInputs, record } = await checkoutStep(process.argv.slice(2));
const inputs = makeInputs();
const [first = Number.NaN, ...later] = [0, 1, 2, 3].map(() => processorTime(record(inputs)));
console.log(JSON.stringify({ compilation: first - Math.min(...later) } satisfies FirstStep));
process.exit(0);
