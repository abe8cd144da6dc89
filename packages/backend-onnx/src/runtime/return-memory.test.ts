/** A large frozen model in a process of its own, with and without the optional dependency. How much comes back, packages/bench measures. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

const program = (isInstalled: boolean) => `
  import { existsSync, readFileSync } from 'node:fs';
  import Module from 'node:module';
  import * as tfl from '@tensorflow/tfjs-layers';
  import { freeze } from '@cnnzoo/backend-onnx';
  const load = Module._load;
  Module._load = function (name, ...rest) {
    if (name === 'koffi' && !${isInstalled}) throw new Error("Cannot find module 'koffi'");
    return load.call(this, name, ...rest);
  };
  const model = tfl.sequential();
  model.add(tfl.layers.dense({ inputShape: [3], units: 2200, kernelInitializer: 'ones' }));
  model.add(tfl.layers.dense({ units: 2200, kernelInitializer: 'ones' })); // 18 MiB
  model.add(tfl.layers.dense({ units: 1, kernelInitializer: 'ones' }));
  const results = [];
  for (const options of [{}, { worker: true }]) {
    const frozen = freeze(model, options);
    results.push(...(await frozen.run(Float32Array.of(1, 2, 3))));
    await frozen.dispose();
  }
  const maps = '/proc/self/maps';
  const loaded = existsSync(maps) && readFileSync(maps, 'utf8').includes('koffi');
  process.stdout.write(JSON.stringify({ results, loaded }));`;

const isGlibc =
  process.platform === 'linux' && 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header;

it.each([true, false])('predicts and is disposed of; koffi is installed: %s', (isInstalled) => {
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program(isInstalled)], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
  });
  const result = 6 * 2200 * 2200;
  expect(JSON.parse(output)).toEqual({ results: [result, result], loaded: isInstalled && isGlibc });
});
