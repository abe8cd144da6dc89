/** The share of its time that training waits for data. */
import { DataLoader, type DataLoaderOptions, type Dataset, type ImageBatch } from '@cnnzoo/data';
import { sgd, train } from '@cnnzoo/train';
import type { LayersModel } from '@tensorflow/tfjs-layers';

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

/** Trains for an epoch, and prints the share of the time that was spent waiting for batches. */
export async function measureWaiting(
  name: string,
  model: LayersModel,
  dataset: Dataset,
  options: DataLoaderOptions,
): Promise<void> {
  const loader = new TimedLoader(new DataLoader(dataset, options));
  const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
  await train(model, loader, { epochs: 1, optimizer });
  const total = performance.now() - loader.started;
  model.dispose();
  console.log(
    `${name}, ${options.workers} workers: ${((100 * loader.waited) / total).toFixed(1)} % of the time waiting, ${((1000 * loader.images) / total).toFixed(0)} images/s`,
  );
}
