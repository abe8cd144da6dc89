/** A run so small that it can be disturbed hundreds of times: convolution, batch norm, dropout and a dense layer on 4 x 4 pixels. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { batchNorm, connect, conv2d, dense, dropout, flatten, relu } from '@cnnzoo/blocks';
import { cosineDecay, type History, type Loader, sgd, type TrainOptions, train } from '@cnnzoo/train';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, model } from '@tensorflow/tfjs-layers';

export function tinyModel(): LayersModel {
  const x = input({ shape: [4, 4, 1], name: 'input' });
  const y = connect(
    x,
    conv2d({ name: 'conv1', filters: 2, kernelSize: 3 }),
    batchNorm({ name: 'bn1' }),
    relu({ name: 'relu1' }),
    flatten({ name: 'flatten' }),
    dropout({ name: 'drop', rate: 0.25, seed: 3 }),
    dense({ name: 'fc', units: 2 }),
  );
  const made = model({ inputs: x, outputs: y, name: 'tiny' });
  tf.tidy(() => {
    // All of them: a bias that a layer draws by itself is another one in each process.
    for (const [i, weight] of made.trainableWeights.entries())
      weight.write(tf.randomNormal(weight.shape.map(Number), 0, 0.4, 'float32', i + 1));
  });
  return made;
}

/** Batches that depend on the epoch and their place in it only. */
export function tinyLoader(batchesPerEpoch: number): Loader {
  return {
    batchesPerEpoch,
    async *epoch(index, fromBatch = 0) {
      for (let batch = fromBatch; batch < batchesPerEpoch; batch++) {
        const labels = Int32Array.from({ length: 4 }, (_, i) => (i + batch) % 2);
        const values = Float32Array.from({ length: 64 }, (_, i) => {
          const noise = Math.sin(1 + index * 7919 + batch * 104_729 + i * 31) / 2;
          return noise + (Math.floor((i % 16) / 8) === labels[Math.floor(i / 16)] ? 1 : 0);
        });
        yield { images: tf.tensor4d(values, [4, 4, 4, 1]), labels: tf.tensor1d(labels, 'int32') };
      }
    },
  };
}

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
