/**
 * A checkpoint is a folder: model.safetensors, the weights with PyTorch's keys; optimizer.safetensors, what the optimizer remembers
 * of each weight, in tfjs's layout, under the weight's key and PyTorch's name of it (`conv1.weight.momentum_buffer`); training.json,
 * all else. It is written under another name and then renamed, so it is there as a whole or not at all.
 */
import { loadStateDict, modelWeights, readSafetensors, type StateDict, writeSafetensors } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Progress } from '../loop/run-state.js';
import { nodeModule } from '../node-module.js';
import type { StatefulOptimizer } from '../optimizers/optimizer.js';
import { writeDurably } from './atomic-write.js';
import { type RandomState, randomState, restoreRandomState } from './random-state.js';

/** All that a run needs to go on. */
export interface RunState {
  readonly model: LayersModel;
  /** The model's, under PyTorch's keys. */
  readonly weights: StateDict;
  readonly optimizer: StatefulOptimizer;
  readonly progress: Progress;
  /** Further sets of weights, by name: averages, the best. Each is a file NAME.safetensors. */
  readonly otherWeights: ReadonlyMap<string, StateDict>;
}

interface TrainingFile {
  readonly format: typeof format;
  readonly optimizer: { readonly className: string; readonly iterations: number };
  readonly random: Readonly<Record<string, RandomState>>;
  readonly otherWeights: readonly string[];
  readonly progress: Progress;
}

const format = 'cnnzoo-training-1';

/** Writes a checkpoint to a folder that is not there yet. `temporary` is on the same disk. */
export async function writeCheckpoint(folder: string, temporary: string, state: RunState): Promise<void> {
  const { mkdir, rename } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  const { model, weights, optimizer, progress, otherWeights } = state;
  const training: TrainingFile = {
    format,
    optimizer: { className: optimizer.getClassName(), iterations: optimizer.iterations },
    random: randomState(model),
    otherWeights: [...otherWeights.keys()],
    progress,
  };
  await mkdir(temporary, { recursive: true });
  await writeDurably(join(temporary, 'model.safetensors'), writeSafetensors(weights, { format: 'pt' }));
  await writeDurably(
    join(temporary, 'optimizer.safetensors'),
    writeSafetensors(await optimizerState(model, optimizer)),
  );
  for (const [name, weights] of otherWeights)
    await writeDurably(join(temporary, `${name}.safetensors`), writeSafetensors(weights, { format: 'pt' }));
  await writeDurably(join(temporary, 'training.json'), `${JSON.stringify(training, null, 2)}\n`);
  await rename(temporary, folder);
}

/**
 * Puts a checkpoint into a model and an optimizer.
 * @throws Error naming the file that is missing, damaged or does not belong to this model or optimizer, before anything changes
 *   but for what a damaged file of weights itself hides
 */
export async function readCheckpoint(
  folder: string,
  model: LayersModel,
  optimizer: StatefulOptimizer,
  batchesPerEpoch: number,
): Promise<Pick<RunState, 'progress' | 'otherWeights'>> {
  const { readFile } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  const file = join(folder, 'training.json');
  const training = parseTrainingFile(await readFile(file, 'utf8'), file);
  const { className, iterations } = training.optimizer;
  if (className !== optimizer.getClassName())
    throw new TypeError(`${file}: written by optimizer ${className}, expected ${optimizer.getClassName()}`);
  if (training.progress.batchesPerEpoch !== batchesPerEpoch)
    throw new RangeError(
      `${file}: written with ${training.progress.batchesPerEpoch} batches in an epoch, but loader has ${batchesPerEpoch}: go on with the same data and batch size`,
    );
  const weights = await readSafetensors(join(folder, 'model.safetensors'));
  const slots = await readSafetensors(join(folder, 'optimizer.safetensors'));
  const otherWeights = new Map<string, StateDict>();
  // From its bytes: the run keeps it for longer than the folder may be there.
  for (const name of training.otherWeights)
    otherWeights.set(name, await readSafetensors(await readFile(join(folder, `${name}.safetensors`))));
  loadStateDict(model, weights);
  restoreOptimizer(model, optimizer, slots, join(folder, 'optimizer.safetensors'));
  optimizer.restoreIterations(iterations);
  restoreRandomState(model, training.random);
  return { progress: training.progress, otherWeights };
}

function parseTrainingFile(text: string, file: string): TrainingFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`${file}: not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || !('format' in parsed) || parsed.format !== format)
    throw new TypeError(`${file}: not a checkpoint of format ${format}`);
  return parsed as TrainingFile;
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

function restoreOptimizer(model: LayersModel, optimizer: StatefulOptimizer, dict: StateDict, file: string): void {
  for (const { key, variable } of modelWeights(model)) {
    const target = variable.read() as tf.Variable;
    const stored = optimizer.slotNames.map((slot) => [slot, dict.get(`${key}.${slot}`)] as const);
    // Weights that were never updated, such as running statistics, have nothing.
    if (stored.every(([, tensor]) => tensor === undefined)) continue;
    tf.tidy(() => {
      const values = stored.map(([slot, tensor]): [string, tf.Tensor] => {
        if (tensor === undefined || `${tensor.shape}` !== `${target.shape}`)
          throw new RangeError(
            `${file}: '${key}.${slot}' must be of shape [${target.shape}], got ${tensor?.shape ?? 'none'}`,
          );
        return [slot, tf.tensor(tensor.data as Float32Array, target.shape)];
      });
      optimizer.restoreSlots(target, Object.fromEntries(values));
    });
  }
}
