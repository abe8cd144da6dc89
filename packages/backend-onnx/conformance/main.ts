/**
 * Runs the specs that tfjs-core publishes against a backend: `pnpm run conformance [--backend cpu] [--device webgpu] [--filter TEXT]… [--details N]`.
 * Exits with 1 where a spec fails that is not in known-failures.ts.
 */
import { parseArgs } from 'node:util';
import { bundleSpecs } from './bundle-specs.js';
import { knownFailures } from './known-failures.js';
import { formatReport, judge } from './report.js';
import { runSpecs } from './run-specs.js';

/** Specs of tfjs-core 4.22.0 that run in Node, two of them on tfjs's own backends only. Another number means that some were not loaded. */
const specCounts = { cpu: 4227, onnx: 4225 };

// Repeated in @cnnzoo/contracts: each command names its options where it reads them.
const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'onnx' },
    /** Where the backend `onnx` computes. */
    device: { type: 'string', default: 'cpu' },
    /** Part of a spec's full name; given several times, a spec runs that contains any of them. */
    filter: { type: 'string', multiple: true, default: [] },
    /** Failures that are listed one by one. */
    details: { type: 'string', default: '20' },
  },
});
const { backend, filter } = values;
if (backend !== 'onnx' && backend !== 'cpu')
  throw new RangeError(`--backend is '${backend}', expected 'onnx' or 'cpu'`);
const details = Number(values.details);
if (!Number.isInteger(details) || details < 0)
  throw new RangeError(`--details is '${values.details}', expected a number of failures`);

process.env['CONFORMANCE_BACKEND'] = backend;
process.env['CONFORMANCE_DEVICE'] = values.device;
const bundle = await bundleSpecs();
const start = performance.now();
const outcomes = await runSpecs(bundle, (name) => filter.length === 0 || filter.some((part) => name.includes(part)));
const verdict = judge(outcomes, backend === 'onnx' ? (knownFailures[values.device] ?? []) : []);
console.log(formatReport(verdict, backend, (performance.now() - start) / 1000, details));

let failed = verdict.failures.length > 0 || verdict.passingKnownFailures.length > 0;
if (filter.length === 0 && outcomes.length !== specCounts[backend]) {
  console.log(`${outcomes.length} specs ran, expected ${specCounts[backend]}`);
  failed = true;
}
if (outcomes.length === 0) {
  console.log(`no spec contains ${filter.map((part) => `'${part}'`).join(' or ')}`);
  failed = true;
}
// Some specs leave timers and sockets open.
process.exit(failed ? 1 : 0);
