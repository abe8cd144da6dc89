/**
 * The differential test at length: `pnpm run differential [--cases 20000] [--seed N] [--filter OPERATION] [--device webgpu] [--case=SEED]`.
 * Prints the seed, and each case that differs without a reason; ends with 1 where there is one.
 */
import { parseArgs } from 'node:util';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { type OnnxBackendOptions, registerOnnxBackend } from '../register-backend.js';
import { describeDeviation, differences } from './differential.js';

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
const seeds =
  values.case === undefined
    ? fc.sample(fc.noBias(fc.integer()), { numRuns: Number(values.cases), seed: Number(seed) })
    : [Number(values.case)];
const start = performance.now();
let [explained, unexplained] = [0, 0];
for (let at = 0; at < seeds.length; at += 500) {
  for (const deviation of await differences(seeds.slice(at, at + 500), 'onnx', bars, filter)) {
    if (deviation.excuse === null) unexplained++;
    else explained++;
    if (deviation.excuse === null) console.log(describeDeviation(deviation));
  }
}
console.log(
  `${seeds.length} cases, seed ${seed}, on ${device}: ${unexplained} unexplained, ${explained} explained, ${((performance.now() - start) / 1000).toFixed(0)} s`,
);
process.exit(unexplained > 0 ? 1 : 0);
