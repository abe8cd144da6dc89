/** Right values of the types that come from tfjs, the language, or that have to fit together. */
import { DataLoader } from '@cnnzoo/data';
import { sgd } from '@cnnzoo/train';
import { randomGenerator } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { StandIns } from './right-arguments.js';

const image = { data: new Uint8Array(64), width: 8, height: 8, channels: 1 as const };
const dataset = {
  length: 4,
  categories: ['a', 'b'],
  get: (index: number) => ({ image, label: index % 2 }),
};
const source = () => new Uint8Array(16);

/** A network for images of 8 x 8 grey pixels, with two classes. */
export function smallModel(): LayersModel {
  const x = input({ shape: [8, 8, 1] });
  const y = layers.conv2d({ filters: 2, kernelSize: 8, name: 'conv1', kernelInitializer: 'zeros' }).apply(x);
  return model({ inputs: x, outputs: layers.flatten().apply(y) as SymbolicTensor, name: 'small' });
}

/**
 * Objects that a call may use; `release` gives their tensors back.
 * @param ofImages whether tensors of any shape are images that the small model takes
 */
export function makeStandIns(ofImages = false): { standIns: StandIns; release: () => void } {
  const held: { dispose(): unknown }[] = [];
  const hold = <T extends { dispose(): unknown }>(made: T): T => {
    held.push(made);
    return made;
  };
  const tensor = (shape: number[], dtype: 'float32' | 'int32' = 'float32') => hold(tf.zeros(shape, dtype));
  const loader = () => ({
    batchesPerEpoch: 1,
    async *epoch() {
      yield { images: tf.zeros([2, 8, 8, 1]), labels: tf.tensor1d([0, 1], 'int32') };
    },
  });
  const standIns: StandIns = {
    LayersModel: () => hold(smallModel()),
    LayersModelLike: () => hold(smallModel()),
    SymbolicTensor: () => input({ shape: [8, 8, 4] }),
    Layer: () => layers.flatten(),
    Tensor: () => tensor(ofImages ? [2, 8, 8, 1] : [2, 2]),
    Tensor1D: () => tensor([2], 'int32'),
    Tensor2D: () => tensor([2, 2]),
    Tensor3D: () => tensor([8, 8, 1]),
    Tensor4D: () => tensor([2, 8, 8, 1]),
    Scalar: () => tensor([]),
    StatefulOptimizer: () => hold(sgd({ learningRate: 0.1 })),
    Loader: loader,
    DataLoader: () => new DataLoader(dataset, { batchSize: 2 }),
    Dataset: () => dataset,
    Image: () => image,
    RandomGenerator: () => randomGenerator(1),
    Transform: () => (given: unknown) => given,
    AbortSignal: () => new AbortController().signal,
    Source: source,
    URL: () => new URL('file:///nowhere/x'),
    Uint8Array: () => new Uint8Array(64),
    Float32Array: () => new Float32Array(64),
    Int32Array: () => new Int32Array(4),
    Zca: () => ({ mean: new Float64Array(64), matrix: new Float64Array(64 ** 2) }),
    ZcaWeights: () => ({ mean: new Float64Array(64), matrix: new Float64Array(64 ** 2) }),
  };
  return {
    standIns,
    release: () => {
      for (const each of held.splice(0)) each.dispose();
    },
  };
}
