/**
 * The contract of engines without a test runner, for any Node:
 *
 *   node --import tsx src/run-engine-contract.ts --backend onnx --device cpu
 *   node --import tsx src/run-engine-contract.ts --backend NAME --import MODULE_THAT_REGISTERS_IT
 *
 * `--tolerance 1e-3`, `--skip "GROUP"` (several times), `--filter TEXT`, `--verbose`. Ends with exit code 1 where something failed.
 */
import { parseArgs } from 'node:util';
import { type OnnxBackendOptions, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { type EngineGroup, engineGroups } from './engine-cases.js';
import { engineContract } from './engine-contract.js';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'onnx' },
    device: { type: 'string', default: 'cpu' },
    import: { type: 'string', multiple: true, default: [] },
    tolerance: { type: 'string' },
    skip: { type: 'string', multiple: true, default: [] },
    filter: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
  },
});

const { backend, device, filter, verbose } = values;
const skip = values.skip.map((name): EngineGroup => {
  const group = engineGroups.find((known) => known === name);
  if (group === undefined)
    throw new RangeError(`--skip is ${JSON.stringify(name)}, expected one of: ${engineGroups.join(', ')}`);
  return group;
});
const tolerance = Number(values.tolerance ?? (device === 'webgpu' ? 1e-3 : 1e-4));
for (const module of values.import) await import(module);
if (backend === 'onnx') registerOnnxBackend({ device } as OnnxBackendOptions);

const start = performance.now();
const { passed, skipped, failures, worst } = await engineContract({
  backend,
  tolerance,
  skip,
  filter,
  onCase: (name, problem) => {
    if (problem !== null || verbose)
      console.log(`${problem === null ? 'ok' : 'FAILED'}  ${name}${problem === null ? '' : `: ${problem}`}`);
  },
});
console.log(
  `${backend}${backend === 'onnx' ? ` on ${device}` : ''}, Node ${process.versions.node}: ${passed} passed, ${failures.length} failed, ` +
    `${skipped} skipped, worst ${(worst * tolerance).toExponential(1)} of ${tolerance.toExponential(0)}, ` +
    `${((performance.now() - start) / 1000).toFixed(1)} s`,
);
process.exitCode = failures.length > 0 ? 1 : 0;
