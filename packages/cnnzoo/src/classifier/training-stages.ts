import type { DataLoader } from '@cnnzoo/data';
import { nodeModule } from '@cnnzoo/files';
import {
  adamw,
  cosineDecay,
  findLearningRate,
  freezeLayers,
  type History,
  type LearningRateCurve,
  type StatefulOptimizer,
  type StepRecord,
  setLearningRateFactors,
  type TrainEvent,
  train,
  unfreezeLayers,
} from '@cnnzoo/train';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { headOf } from './head.js';

/** How a network is fine-tuned. */
export interface StageOptions {
  /** In both stages together. */
  readonly epochs: number;
  /** In the first stage, in which only the head learns. */
  readonly frozenEpochs: number;
  /** Of the layers before the head; the head learns at ten times this in both stages. */
  readonly learningRate: number;
  readonly validation: DataLoader | null;
  /** A folder; each stage has one of its own in it. */
  readonly checkpoint: string | null;
  readonly resume: boolean;
  readonly onEvent: (event: TrainEvent) => void;
  readonly abort: AbortSignal | null;
}

/** The head's new weights learn at this multiple of the rate of the layers before it. */
const headFactor = 10;
const weightDecay = 0.01;

/**
 * Trains the head of a network alone, then all of it, as one run: epochs and steps are counted through.
 * @throws Error where there is no checkpoint to resume from
 */
export async function trainInStages(model: LayersModel, loader: DataLoader, options: StageOptions): Promise<History> {
  const { epochs, frozenEpochs, learningRate } = options;
  const stages = [
    { name: 'head', epochs: frozenEpochs },
    { name: 'network', epochs: epochs - frozenEpochs },
  ].filter((stage) => stage.epochs > 0);
  const begun = await Promise.all(stages.map(({ name }) => hasCheckpoints(options.checkpoint, name)));
  if (options.resume && !begun.includes(true))
    throw new Error(`${options.checkpoint} has no checkpoint to resume from: start without resume`);

  const trunk = trunkOf(model);
  let history: History | null = null;
  for (const [index, stage] of stages.entries()) {
    if (stage.name === 'head') freezeLayers(model, trunk);
    const optimizer = optimizerOf(model, headFactor * learningRate, stage.name === 'head' ? [] : trunk);
    try {
      const before: History | null = history;
      const part: History = await train(model, loader, {
        epochs: stage.epochs,
        optimizer,
        schedule: cosineDecay({ unit: 'step' }),
        onEvent: (event) => options.onEvent(counted(event, epochs, before)),
        ...(options.validation === null ? {} : { validation: options.validation }),
        ...(options.checkpoint === null ? {} : { checkpoint: { folder: `${options.checkpoint}/${stage.name}` } }),
        ...(options.abort === null ? {} : { abort: options.abort }),
        resume: options.resume && begun[index] === true,
      });
      history = joined(before, part);
    } finally {
      optimizer.dispose();
      if (stage.name === 'head') unfreezeLayers(model, trunk);
    }
    if (history.interrupted !== null) break;
  }
  if (history === null) throw new RangeError('epochs must be at least 1');
  return history;
}

/**
 * The loss at growing learning rates of the layers before the head, in the stage in which all of the network learns.
 * @throws as `findLearningRate` of @cnnzoo/train
 */
export function findStageRate(
  model: LayersModel,
  loader: DataLoader,
  onStep: (step: StepRecord) => void,
): Promise<LearningRateCurve> {
  // As `optimizerOf`, but that the rate is the one that `learningRate` means, and not the head's.
  const optimizer = adamw({ learningRate: 1, weightDecay });
  setLearningRateFactors(model, optimizer, { [headOf(model).name]: headFactor });
  return findLearningRate(model, loader, { optimizer, onStep });
}

function optimizerOf(model: LayersModel, learningRate: number, trunk: readonly string[]): StatefulOptimizer {
  const optimizer = adamw({ learningRate, weightDecay });
  setLearningRateFactors(model, optimizer, Object.fromEntries(trunk.map((name) => [name, 1 / headFactor])));
  return optimizer;
}

/** Names of all layers with weights but the head. */
function trunkOf(model: LayersModel): string[] {
  const head = headOf(model);
  return model.layers.filter((layer) => layer.weights.length > 0 && layer !== head).map(({ name }) => name);
}

async function hasCheckpoints(folder: string | null, stage: string): Promise<boolean> {
  if (folder === null) return false;
  const { access } = nodeModule('node:fs/promises');
  return access(nodeModule('node:path').join(folder, stage, 'checkpoints.json')).then(
    () => true,
    () => false,
  );
}

/** An event of a stage, counted from the beginning of the run. */
function counted(event: TrainEvent, epochs: number, before: History | null): TrainEvent {
  const [epoch, step] = [before?.epochs.length ?? 0, before?.step ?? 0];
  switch (event.type) {
    case 'start':
      return { ...event, epochs, epoch: event.epoch + epoch };
    case 'step':
    case 'epoch':
      return { ...event, epoch: event.epoch + epoch, step: event.step + step };
    default:
      return { ...event, step: event.step + step };
  }
}

function joined(before: History | null, part: History): History {
  if (before === null) return part;
  const [epoch, step] = [before.epochs.length, before.step];
  const epochs = [
    ...before.epochs,
    ...part.epochs.map((record) => ({ ...record, epoch: record.epoch + epoch, step: record.step + step })),
  ];
  return {
    ...part,
    epochs,
    step: part.step + step,
    bestEpoch: part.bestEpoch === null ? before.bestEpoch : part.bestEpoch + epoch,
    checkpoint: part.checkpoint ?? before.checkpoint,
  };
}
