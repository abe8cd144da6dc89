import { check, layersModel, rule } from '@cnnzoo/checks';
import type { StatefulOptimizer } from '@cnnzoo/train';
import type { StateDict } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { manifestRule, type StateEntry, type TrainingStepManifest } from './manifest.js';
import { iterationsName, stepState } from './step-state.js';
import { drawingLayers } from './symbolic-masks.js';

/**
 * Takes back what a loop outside of JavaScript has made of a training step's state: weights, running statistics, what the optimizer remembers, and
 * the count of updates. Training is then resumed here.
 *
 * @param model the network that was exported, or one of the same layers
 * @param optimizer of the same kind as the exported one
 * @param manifest as `exportTrainingStep` gave it, or parsed from manifest.json
 * @param state the tensors under the names of the manifest's inputs, such as `readSafetensors` gives
 * @throws TypeError or RangeError naming the tensor that is missing or does not fit, and then nothing has changed
 * @example
 * import { readFileSync } from 'node:fs';
 * import { loadTrainingState } from '@cnnzoo/handover';
 * import { lenet5 } from '@cnnzoo/lenet';
 * import { sgd } from '@cnnzoo/train';
 * import { readSafetensors } from '@cnnzoo/weights';
 *
 * const manifest = JSON.parse(readFileSync('step/manifest.json', 'utf8'));
 * const model = lenet5();
 * const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });
 * loadTrainingState(model, optimizer, manifest, await readSafetensors('step/trained.safetensors'));
 */
export function loadTrainingState(
  model: LayersModel,
  optimizer: StatefulOptimizer,
  manifest: TrainingStepManifest,
  state: StateDict,
): void {
  check('model', model, layersModel<LayersModel>());
  check('optimizer', optimizer, optimizerRule);
  check('manifest', manifest, manifestRule);
  check(
    'state',
    state,
    rule<StateDict>('a Map of names to tensors', (value) => value instanceof Map),
  );
  const variables = stepState(model, optimizer);
  const entries = manifest.carry.filter(({ input }) => input !== iterationsName);
  const values = entries.map((entry) => {
    const variable = variables[entry.input];
    if (variable === undefined)
      throw new RangeError(
        `manifest has '${entry.input}', which is no weight of model '${model.name}' and nothing that its optimizer remembers`,
      );
    return { variable, entry, data: floatsOf(state, entry, variable) };
  });
  for (const name of Object.keys(variables))
    if (!entries.some(({ input }) => input === name))
      throw new RangeError(`manifest has no '${name}', which the model and its optimizer have`);
  const iterations = state.get(iterationsName)?.data[0];
  if (typeof iterations !== 'number') throw new RangeError(`state has no '${iterationsName}', the count of updates`);
  tf.tidy(() => {
    for (const { variable, entry, data } of values) {
      const stored = tf.tensor(data, [...entry.shape]);
      variable.assign(entry.layout === 'OIHW' ? tf.transpose(stored, [2, 3, 1, 0]) : stored);
    }
  });
  const steps = iterations - optimizer.iterations;
  for (const layer of drawingLayers(model.layers)) layer.masksDrawn += steps;
  optimizer.restoreIterations(iterations);
}

const optimizerRule = rule<StatefulOptimizer>(
  'one of @cnnzoo/train, such as sgd({ learningRate: 0.1 })',
  (value) => typeof value === 'object' && value !== null && 'prepareSlots' in value,
);

function floatsOf(state: StateDict, { input, shape, layout }: StateEntry, variable: tf.Variable): Float32Array {
  const tensor = state.get(input);
  const [height, width, input_ = 0, output] = variable.shape;
  const expected = layout === 'OIHW' ? [output, input_, height, width] : variable.shape;
  const fits = `${tensor?.shape}` === `${shape}` && `${shape}` === `${expected}`;
  const data = tensor?.data;
  if (!fits || !(data instanceof Float32Array))
    throw new RangeError(
      `state must have '${input}' as F32 [${expected}], got ${tensor === undefined ? 'none' : `${tensor.dtype} [${tensor.shape}]`}`,
    );
  return data;
}
