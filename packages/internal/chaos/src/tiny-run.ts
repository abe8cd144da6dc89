/** A run so small that it can be disturbed hundreds of times. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cosineDecay, type History, type Loader, sgd, type TrainOptions, train } from '@cnnzoo/train';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { tinyLoader, tinyModel } from '../../../train/src/fixtures/tiny-run.js';

export interface TinyRun {
  readonly epochs: number;
  readonly folder?: string;
  /** A checkpoint to resume from. Default: the newest, where there is one. */
  readonly resume?: string;
  readonly loader?: Loader;
  readonly onEvent?: NonNullable<TrainOptions['onEvent']>;
}

/** Trains, or resumes where the folder has checkpoints. Gives the hash of the final weights. */
export async function tinyRun({ epochs, folder, resume, loader = tinyLoader(20), onEvent }: TinyRun): Promise<string> {
  const made = tinyModel();
  const optimizer = sgd({ learningRate: 0.02, momentum: 0.9, weightDecay: 1e-4 });
  const before = resume ?? (folder !== undefined && hasCheckpoints(folder));
  try {
    const history: History = await train(made, loader, {
      epochs,
      optimizer,
      schedule: cosineDecay(),
      averageDecay: 0.99,
      resume: before,
      ...(folder === undefined ? {} : { checkpoint: { folder, everySteps: 1, keepLast: 2 } }),
      ...(onEvent === undefined ? {} : { onEvent }),
    });
    if (history.interrupted !== null) throw new Error(`interrupted by ${history.interrupted}`);
    return hashOf(made);
  } finally {
    optimizer.dispose();
    made.dispose();
  }
}

export function hasCheckpoints(folder: string): boolean {
  return existsSync(join(folder, 'checkpoints.json'));
}

function hashOf(made: LayersModel): string {
  const hash = createHash('sha256');
  for (const { weights } of made.layers) for (const weight of weights) hash.update(weight.read().dataSync());
  return hash.digest('hex');
}
