/**
 * `import '@cnnzoo/backend-node/auto'`: `await tf.ready()` then chooses the engine. Only names are registered here, at a higher
 * priority than those of any backend; engines are tried and loaded when tfjs asks for the first one.
 */
import type * as tf from '@tensorflow/tfjs-core';
// Registers itself at once, so that tfjs's list of names is complete when it starts to go through it.
import '@tensorflow/tfjs-backend-cpu';
import { trialOrder } from './engine-name.js';
import { engineRequest } from './engine-options.js';
import { engines } from './engines/index.js';
import { appFolders } from './find-package.js';
import { gpuHardware } from './gpu-hardware.js';
import { type SelectedEngine, selectEngine } from './select-engine.js';
import { instantiate, registerPlaceholder } from './tfjs-registry.js';

const { preference, purpose, settings } = engineRequest({});
const trials = trialOrder(preference);
let selection: Promise<SelectedEngine> | null = null;

async function load(backend: string): Promise<tf.KernelBackend> {
  selection ??= selectEngine(trials, purpose, settings);
  const { engine, rejected } = await selection;
  if (engine.backend === backend) return instantiate(backend);
  const reasons = rejected.map(({ engine: name, reason, remedy }) => `${name}: ${reason}; ${remedy}`);
  throw new Error(`@cnnzoo/backend-node uses ${engine.name} instead. ${reasons.join('\n')}`);
}

const folders = appFolders();
const gpu = gpuHardware();
let priority = 1000;
for (const { engine: name, requested } of trials) {
  const engine = engines[name];
  if (engine.obstacle({ folders, gpu, requested }) !== null) continue;
  // Works everywhere and is registered already: nothing after it is ever reached.
  if (name === 'cpu') break;
  registerPlaceholder(engine.backend, () => load(engine.backend), priority--);
}
