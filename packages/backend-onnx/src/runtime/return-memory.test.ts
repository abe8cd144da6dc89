/** A large frozen model in a process of its own, with and without the optional dependency. How much comes back, packages/internal/bench measures. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

const program = (isInstalled: boolean) => `
  import Module from 'node:module';
  import * as tfl from '@tensorflow/tfjs-layers';
  import { freeze } from '@cnnzoo/backend-onnx';
  let calls = 0;
  const counted = (f) => (...args) => { calls++; return f(...args); };
  const load = Module._load;
  Module._load = function (name, ...rest) {
    if (name !== 'koffi') return load.call(this, name, ...rest);
    if (!${isInstalled}) throw new Error("Cannot find module 'koffi'");
    const koffi = load.call(this, name, ...rest);
    return { load: (library) => ({ func: (prototype) => counted(koffi.load(library).func(prototype)) }) };
  };
  const modelOf = (units) => {
    const model = tfl.sequential();
    model.add(tfl.layers.dense({ inputShape: [3], units, kernelInitializer: 'ones' }));
    model.add(tfl.layers.dense({ units, kernelInitializer: 'ones' }));
    model.add(tfl.layers.dense({ units: 1, kernelInitializer: 'ones' }));
    return model;
  };
  const results = [];
  const callsAfter = [];
  for (const units of [10, 2200]) { // 0 and 18 MiB
    const frozen = freeze(modelOf(units));
    callsAfter.push(calls);
    results.push(...frozen.run(Float32Array.of(1, 2, 3)));
    frozen.dispose();
    callsAfter.push(calls);
  }
  const inWorker = freeze(modelOf(2200), { worker: true });
  results.push(...(await inWorker.run(Float32Array.of(1, 2, 3))));
  await inWorker.dispose();
  process.stdout.write(JSON.stringify({ results, callsAfter }));`;

const { header } = process.report.getReport() as { readonly header: object };
const isGlibc = process.platform === 'linux' && 'glibcVersionRuntime' in header;

it.each([true, false])(
  'is asked for when a large model is frozen and disposed of; koffi is installed: %s',
  (isInstalled) => {
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program(isInstalled)], {
      cwd: new URL('../..', import.meta.url),
      encoding: 'utf8',
    });
    expect(JSON.parse(output)).toEqual({
      results: [10, 2200, 2200].map((units) => 6 * units * units),
      callsAfter: isInstalled && isGlibc ? [0, 0, 1, 2] : [0, 0, 0, 0],
    });
  },
);
