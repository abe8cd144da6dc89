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
  readonly networks: readonly Network[];
}

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
    { seed: 1 },
  );
}

const fitnet = () => cifarFitnet4({ activation: 'relu', dropout: 0, seed: 1 });

export const comparisons: readonly Comparison[] = [
  {
    id: 'prelu',
    title: 'PReLU against ReLU',
    networks: [
      { name: 'ReLU', make: () => sixConvolutions((name) => relu({ name })) },
      { name: 'PReLU', make: () => sixConvolutions((name) => prelu({ name })) },
    ],
  },
  {
    id: 'lsuv',
    title: 'FitNet-4: LSUV against He',
    networks: [
      { name: 'He', make: fitnet },
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
    networks: [
      { name: 'plain', make: () => cifarHighway({ depth: 32, gates: false, dropout: 0, seed: 1 }) },
      { name: 'highway', make: () => cifarHighway({ depth: 32, dropout: 0, seed: 1 }) },
    ],
  },
];
