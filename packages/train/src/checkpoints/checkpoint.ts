/**
 * A checkpoint is a folder: model.safetensors, the weights with PyTorch's keys; optimizer.safetensors, what the optimizer remembers
 * of each weight, in tfjs's layout, under the weight's key and PyTorch's name of it (`conv1.weight.momentum_buffer`); training.json,
 * all else; SHA256SUMS, by which damage is seen. It is written under another name and then renamed, so it is there as a whole or not at
 * all, and it is on the disk when `writeCheckpoint` returns.
 */
import { nodeModule, syncFolder, writeDurably } from '@cnnzoo/files';
import { loadStateDict, modelWeights, readSafetensors, type StateDict, writeSafetensors } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { convolutionForms } from '../loop/convolution-forms.js';
import type { Progress } from '../loop/run-state.js';
import type { StatefulOptimizer } from '../optimizers/optimizer.js';
import { checksumsFile, checksumsOf, readChecked } from './checksums.js';
import { randomState, restoreRandomState } from './random-state.js';
import type { RunIdentity } from './run-identity.js';
import { formatTrainingFile, type OtherWeightsName, parseTrainingFile, type TrainingFile } from './training-file.js';

/** All that a run needs to be resumed. */
export interface RunState {
  readonly model: LayersModel;
  /** The model's, under PyTorch's keys. */
  readonly weights: StateDict;
  readonly optimizer: StatefulOptimizer;
  readonly run: RunIdentity;
  readonly progress: Progress;
  /** Further sets of weights: averages, the best. Each is a file NAME.safetensors. */
  readonly otherWeights: ReadonlyMap<OtherWeightsName, StateDict>;
}

/** Writes a checkpoint to a folder that is not there yet. `temporary` is beside it. */
export async function writeCheckpoint(folder: string, temporary: string, state: RunState): Promise<void> {
  const { mkdir, rename } = nodeModule('node:fs/promises');
  const { dirname, join } = nodeModule('node:path');
  const { model, weights, optimizer, run, progress, otherWeights } = state;
  const forms = convolutionForms();
  const files = new Map<string, string | Uint8Array>([
    ['model.safetensors', writeSafetensors(weights, { format: 'pt' })],
    ['optimizer.safetensors', writeSafetensors(await optimizerState(model, optimizer))],
  ]);
  for (const [name, dict] of otherWeights) files.set(`${name}.safetensors`, writeSafetensors(dict, { format: 'pt' }));
  files.set(
    'training.json',
    formatTrainingFile({
      optimizer: { className: optimizer.getClassName(), iterations: optimizer.iterations },
      random: randomState(model),
      otherWeights: [...otherWeights.keys()],
      run,
      ...(forms === undefined ? {} : { forms }),
      progress,
    }),
  );
  files.set(checksumsFile, checksumsOf(files));
  await mkdir(temporary);
  for (const [name, content] of files) await writeDurably(join(temporary, name), content);
  await syncFolder(temporary);
  await rename(temporary, folder);
  await syncFolder(dirname(folder));
}

/** A checkpoint that was read and fits. */
interface ReadCheckpoint {
  readonly training: TrainingFile;
  readonly otherWeights: ReadonlyMap<OtherWeightsName, StateDict>;
  /** Puts it into the model and the optimizer. Nothing of it can be wrong any more. */
  apply(): void;
}

/**
 * Reads a checkpoint for a model and an optimizer, and changes neither.
 * @throws Error naming the file, and the field or weight in it, that is missing, damaged or does not belong to this model or optimizer
 */
export async function readCheckpoint(
  folder: string,
  model: LayersModel,
  optimizer: StatefulOptimizer,
): Promise<ReadCheckpoint> {
  const { join } = nodeModule('node:path');
  const files = await readChecked(folder);
  const path = (name: string) => join(folder, name);
  const bytesOf = (name: string) => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new TypeError(`${path(checksumsFile)} has no ${name}`);
    return bytes;
  };
  const dictOf = async (name: string) => {
    const bytes = bytesOf(name);
    try {
      return await readSafetensors(bytes);
    } catch (cause) {
      throw new TypeError(`${path(name)}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  };
  const training = parseTrainingFile(new TextDecoder().decode(bytesOf('training.json')), path('training.json'));
  const { className, iterations } = training.optimizer;
  if (className !== optimizer.getClassName())
    throw new TypeError(
      `${path('training.json')}: optimizer.className is '${className}', expected '${optimizer.getClassName()}', the one that was given`,
    );
  checkProgress(training, path('training.json'));
  const weights = await dictOf('model.safetensors');
  checkWeights(weights, model, path('model.safetensors'));
  const otherWeights = new Map<OtherWeightsName, StateDict>();
  for (const name of training.otherWeights) {
    const dict = await dictOf(`${name}.safetensors`);
    checkWeights(dict, model, path(`${name}.safetensors`));
    otherWeights.set(name, dict);
  }
  const slots = slotsOf(model, optimizer, await dictOf('optimizer.safetensors'), path('optimizer.safetensors'));
  return {
    training,
    otherWeights,
    apply() {
      loadStateDict(model, weights);
      for (const [variable, values] of slots)
        tf.tidy(() => {
          const tensors = values.map(([slot, data]) => [slot, tf.tensor(data, variable.shape)] as const);
          optimizer.restoreSlots(variable, Object.fromEntries(tensors));
        });
      optimizer.restoreIterations(iterations);
      restoreRandomState(model, training.random);
    },
  };
}

/** @throws RangeError naming the field where the places in the epoch or the history disagree */
function checkProgress({ progress }: TrainingFile, file: string): void {
  const { batch, batchesPerEpoch, epoch, history } = progress;
  if (batch > batchesPerEpoch)
    throw new RangeError(`${file}: progress.batch is ${batch}, expected at most batchesPerEpoch, ${batchesPerEpoch}`);
  if (history.length !== epoch)
    throw new RangeError(
      `${file}: progress.history has ${history.length} records, expected one for each of ${epoch} epochs`,
    );
}

/** @throws RangeError naming the weight that the model has otherwise */
function checkWeights(dict: StateDict, model: LayersModel, file: string): void {
  const keys = new Set<string>();
  for (const { key, shape } of modelWeights(model)) {
    keys.add(key);
    const tensor = dict.get(key);
    if (tensor === undefined || `${tensor.shape}` !== `${shape}`)
      throw new RangeError(
        `${file}: '${key}' must be of shape [${shape}], got ${tensor === undefined ? 'none' : `[${tensor.shape}]`}`,
      );
  }
  for (const key of dict.keys())
    if (!keys.has(key)) throw new RangeError(`${file}: '${key}' is no weight of model '${model.name}'`);
}

async function optimizerState(model: LayersModel, optimizer: StatefulOptimizer): Promise<StateDict> {
  const dict: StateDict = new Map();
  for (const { key, variable } of modelWeights(model)) {
    const slots = optimizer.slotsOf(variable.read() as tf.Variable);
    for (const [slot, tensor] of Object.entries(slots ?? {}))
      dict.set(`${key}.${slot}`, { shape: tensor.shape, dtype: 'F32', data: (await tensor.data()) as Float32Array });
  }
  return dict;
}

type Slots = readonly (readonly [slot: string, data: Float32Array])[];

/** What the optimizer remembers of each variable. @throws RangeError naming what is missing or of another shape */
function slotsOf(
  model: LayersModel,
  optimizer: StatefulOptimizer,
  dict: StateDict,
  file: string,
): [variable: tf.Variable, values: Slots][] {
  return modelWeights(model).flatMap(({ key, variable }): [tf.Variable, Slots][] => {
    const target = variable.read() as tf.Variable;
    const stored = optimizer.slotNames.map((slot) => [slot, dict.get(`${key}.${slot}`)] as const);
    // Weights that were never updated, such as running statistics, have nothing.
    if (stored.every(([, tensor]) => tensor === undefined)) return [];
    const values = stored.map(([slot, tensor]) => {
      const data = tensor?.data;
      if (!(data instanceof Float32Array) || `${tensor?.shape}` !== `${target.shape}`)
        throw new RangeError(
          `${file}: '${key}.${slot}' must be F32 of shape [${target.shape}], got ${tensor === undefined ? 'none' : `${tensor.dtype} [${tensor.shape}]`}`,
        );
      return [slot, data] as const;
    });
    return [[target, values]];
  });
}
