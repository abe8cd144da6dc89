/** What is compared. */
import {
  buildModel,
  connect,
  constant,
  conv2d,
  dense,
  globalAveragePooling2d,
  kaimingNormal,
  maxPooling2d,
  prelu,
  relu,
} from '@cnnzoo/blocks';
import { cifarFitnet4, cifarHighway } from '@cnnzoo/cifar-networks';
import type { DataLoader } from '@cnnzoo/data';
import { lsuv } from '@cnnzoo/train';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** One network of a pair. */
export interface Network {
  readonly name: string;
  /** @param loader of the images that it is trained on */
  readonly make: (loader: DataLoader) => LayersModel | Promise<LayersModel>;
}

/** Two networks that differ in one thing. */
export interface Comparison {
  readonly id: string;
  readonly title: string;
  readonly learningRate: number;
  readonly networks: readonly Network[];
}

/** Pictures of 16x16 pixels: a quarter of the time of CIFAR's own, and as hard for what is compared. */
export const pixels = 16;
const inputShape: [number, number, number] = [pixels, pixels, 3];

/** Six convolutions, each with the activation, and He's initial weights. */
function sixConvolutions(activation: (name: string) => ReturnType<typeof relu>): LayersModel {
  return buildModel(
    {
      id: 'six_convolutions',
      defaults: { numClasses: 10, inputShape: [32, 32, 3], smallestInput: 4 },
      preprocessing: 'cifar',
      initialWeights: { conv2d: { kernel: kaimingNormal(), bias: constant(0) } },
      features: (input) =>
        [32, 64, 128].reduce(
          (x, filters, stage) =>
            connect(
              x,
              ...(stage === 0 ? [] : [maxPooling2d({ name: `pool${stage}`, poolSize: 2 })]),
              ...['a', 'b'].flatMap((part) => [
                conv2d({ name: `conv${stage}${part}`, filters, kernelSize: 3, padding: 1 }),
                activation(`activation${stage}${part}`),
              ]),
            ),
          input,
        ),
      classifier: (features, { numClasses }) =>
        connect(features, globalAveragePooling2d({ name: 'average' }), dense({ name: 'fc', units: numClasses })),
    },
    { inputShape, seed: 1 },
  );
}

const fitnet = () => cifarFitnet4({ inputShape, dropout: 0, seed: 1 });

/** FitNet-4 with maxout has weights of deviation sqrt(1 / inputs); He's, which were made for ReLU, have sqrt(2 / inputs). */
function fitnetByHe(): LayersModel {
  const model = fitnet();
  tf.tidy(() => {
    for (const layer of model.layers.filter(({ weights }) => weights.length > 0)) {
      const [kernel, bias] = layer.getWeights();
      if (kernel !== undefined && bias !== undefined) layer.setWeights([tf.mul(kernel, Math.SQRT2), bias]);
    }
  });
  return model;
}

export const comparisons: readonly Comparison[] = [
  {
    id: 'prelu',
    title: 'PReLU against ReLU',
    learningRate: 0.01,
    networks: [
      { name: 'ReLU', make: () => sixConvolutions((name) => relu({ name })) },
      { name: 'PReLU', make: () => sixConvolutions((name) => prelu({ name })) },
    ],
  },
  {
    id: 'lsuv',
    title: 'FitNet-4 with maxout: LSUV against He',
    learningRate: 0.01,
    networks: [
      { name: 'He', make: fitnetByHe },
      {
        name: 'LSUV',
        make: async (loader) => {
          const model = fitnet();
          for await (const { images, labels } of loader.epoch(0)) {
            await lsuv(model, images, { seed: 1 });
            images.dispose();
            labels.dispose();
            break;
          }
          return model;
        },
      },
    ],
  },
  {
    id: 'highway',
    title: '32 layers: highway against plain',
    learningRate: 0.05,
    networks: [
      { name: 'plain', make: () => cifarHighway({ inputShape, depth: 32, gates: false, dropout: 0, seed: 1 }) },
      { name: 'highway', make: () => cifarHighway({ inputShape, depth: 32, dropout: 0, seed: 1 }) },
    ],
  },
];
