/** A training run as the command line has it: what is asked for, what follows from that, and what does it. */
import { resolve } from 'node:path';
import type { EvaluationReport } from '@cnnzoo/evaluate';
import type { History, RecipeName, TrainEvent } from '@cnnzoo/train';
import type { ModelId } from '../../networks/models.js';
import { networkRow } from '../network-names.js';

/** What may be asked for, on the command line or in a run file. */
export interface RunRequest {
  readonly data?: string;
  readonly network?: string;
  readonly recipe?: RecipeName;
  readonly weights?: string;
  readonly epochs?: number;
  readonly frozenEpochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly validation?: string;
  readonly seed?: number;
  readonly workers?: number;
  readonly out?: string;
  readonly checkpoint?: string;
  readonly resume?: true;
  readonly findLearningRate?: string;
  readonly mlflow?: string;
  readonly trackio?: string;
  readonly live?: true;
  readonly port?: number;
}

export interface Run extends Omit<RunRequest, 'data' | 'network' | 'weights' | 'out' | 'checkpoint' | 'live' | 'port'> {
  readonly data: string;
  readonly network: ModelId;
  /** Null for random weights. */
  readonly weights: string | null;
  readonly out: string;
  readonly checkpoint: string;
  /** Whether the checkpoints stay after the run: where their folder was named. */
  readonly keepCheckpoint: boolean;
  readonly live: boolean;
  readonly port: number;
}

/** What a run needs besides its settings. */
export interface RunListeners {
  readonly onEvent: (event: TrainEvent) => void;
  readonly note: (line: string) => void;
}

export interface Trained {
  readonly history: History;
  /** On the images for validation, where there are some and the run has come to its end. */
  readonly report: Pick<EvaluationReport, 'top1'> | null;
  readonly categories: readonly string[];
}

/** @throws TypeError or RangeError naming what is missing or does not go together */
export async function planRun(request: RunRequest): Promise<Run> {
  const { data, recipe, network, weights, out, checkpoint, live = false, port = 0, ...rest } = request;
  if (data === undefined) throw new TypeError('--data must say where the images are');
  if (recipe !== undefined && rest.frozenEpochs !== undefined)
    throw new TypeError('--frozen-epochs is for fine-tuning, and a recipe trains the whole network');
  if (recipe !== undefined && rest.learningRate !== undefined)
    throw new TypeError('--learning-rate is for fine-tuning, and a recipe has its own');
  if (recipe !== undefined && rest.findLearningRate !== undefined)
    throw new TypeError('--find-learning-rate is for fine-tuning, and a recipe has its own learning rate');
  const row = networkRow(network ?? (await networkOf(recipe)));
  const published = row.weights.some(({ name }) => name.startsWith('IMAGENET1K_'));
  const begin = weights ?? (recipe === undefined && published ? 'DEFAULT' : 'none');
  const folder = out ?? `${row.id}-trained`;
  return {
    ...rest,
    ...(recipe !== undefined && { recipe }),
    data,
    network: row.id,
    weights: begin === 'none' ? null : begin,
    out: folder,
    checkpoint: checkpoint ?? `${resolve(folder)}-checkpoints`,
    keepCheckpoint: checkpoint !== undefined,
    live,
    port,
  };
}

async function networkOf(recipe: RecipeName | undefined): Promise<string> {
  if (recipe === undefined) return 'resnet18';
  const { recipes } = await import('@cnnzoo/train');
  return recipes[recipe].networks[0] ?? 'resnet18';
}

/** A share such as 0.2, or a place. */
export function validationOf(given: string | undefined): string | number | undefined {
  return given === undefined || given.trim() === '' || Number.isNaN(Number(given)) ? given : Number(given);
}
