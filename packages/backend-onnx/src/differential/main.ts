/**
 * The differential test at length: `pnpm run differential [--cases 20000] [--seed N] [--filter OPERATION] [--device webgpu] [--case=SEED]`.
 * Prints the seed, and each case that differs without a reason; ends with 1 where there is one.
 */
import { parseArgs } from 'node:util';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { type OnnxBackendOptions, registerOnnxBackend } from '../register-backend.js';
import { compareCases, describeDeviation } from './differential.js';
import { exceptions } from './exceptions.js';
import { exceptionsOnWebgpu } from './webgpu-exceptions.js';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    filter: { type: 'string', default: '' },
    device: { type: 'string', default: 'cpu' },
    /** Only the case of this seed. */
    case: { type: 'string' },
  },
});
const { device, filter, seed } = values;
registerOnnxBackend({ device } as OnnxBackendOptions);
const bars = device === 'webgpu' ? { results: 1e-3, gradients: 1e-3 } : { results: 1e-5, gradients: 1e-4 };
const known = device === 'webgpu' ? exceptionsOnWebgpu : exceptions;
const seeds =
  values.case === undefined
    ? fc.sample(fc.noBias(fc.integer()), { numRuns: Number(values.cases), seed: Number(seed) })
    : [Number(values.case)];
const start = performance.now();
let unexplained = 0;
const explained = new Map<string, number>();
const refused = new Map<string, number>();
const count = (counts: Map<string, number>, name: string, more = 1) => counts.set(name, (counts.get(name) ?? 0) + more);
const shown = (counts: Map<string, number>) => [...counts].map(([name, times]) => `${name} ${times}`).join(', ');
for (let at = 0; at < seeds.length; at += 500) {
  const found = await compareCases(seeds.slice(at, at + 500), 'onnx', bars, { filter, exceptions: known });
  for (const [what, times] of found.refused) count(refused, what, times);
  for (const deviation of found.deviations) {
    if (deviation.excuse !== null) count(explained, `${deviation.excuse.operation ?? 'any'} (${deviation.excuse.in})`);
    else {
      unexplained++;
      console.log(describeDeviation(deviation));
    }
  }
}
const sum = (counts: Map<string, number>) => [...counts.values()].reduce((total, times) => total + times, 0);
console.log(`${sum(explained)} explained: ${shown(explained)}`);
console.log(`${sum(refused)} refused by both in the same words`);
for (const [what, times] of refused) console.log(`  ${times} ${what}`);
console.log(
  `${seeds.length} cases, seed ${seed}, on ${device}: ${unexplained} unexplained, ${((performance.now() - start) / 1000).toFixed(0)} s`,
);
process.exit(unexplained > 0 ? 1 : 0);
