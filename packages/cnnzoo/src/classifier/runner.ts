import type { Source } from '@cnnzoo/data';
import { evaluationTransform, type Image } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ClassifierFacts } from './classifier-facts.js';

/** Predicts in as many workers as it was made with. */
export interface Predictor {
  /** @param images one after the other, channels last */
  run(images: Float32Array, options?: { readonly signal?: AbortSignal }): Float32Array | Promise<Float32Array>;
  dispose(): void | Promise<void>;
}

/**
 * @param worker threads that predict; 0 for the calling thread
 * @param processes whether these are processes instead
 */
export type PredictorSource = (worker: number, processes: boolean) => Promise<Predictor>;

/** Gives a network's outputs for images. */
export interface Runner {
  /** Images that are best given together. */
  readonly imagesAtOnce: number;
  /** Calls that are best under way at a time. */
  readonly callsAtOnce: number;
  /**
   * @param images all of which go through the network together
   * @param names how errors call those that are no files
   * @returns the outputs, row by row
   */
  outputs(
    images: readonly (Source | Image)[],
    names: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Pixels of 16 images of 224 x 224: more at once gain nothing. */
const pixelsAtOnce = 16 * 224 * 224;

/** A network with its weights as constants. */
export function frozenNetwork(
  model: LayersModel,
  { preprocessing: { cropSize }, channels }: ClassifierFacts,
): PredictorSource {
  return async (worker, processes) => {
    const { freeze } = await import('@cnnzoo/backend-onnx');
    const options = { inputShape: [cropSize, cropSize, channels] };
    return worker === 0 ? freeze(model, options) : freeze(model, { ...options, worker, processes });
  };
}

/**
 * Decodes, prepares and predicts in threads, or here where `worker` is 0. Runs in Node only. The network is frozen once there are images that it can be
 * given: that takes seconds, which a missing file or a damaged one shall not cost.
 */
export async function frozenRunner(
  { preprocessing, channels }: ClassifierFacts,
  source: PredictorSource,
  worker: number,
): Promise<Runner> {
  const { imagePreparer } = await import('@cnnzoo/data');
  const { cropSize } = preprocessing;
  const preparer = imagePreparer({ transform: evaluationTransform(preprocessing), workers: worker, channels });
  let starting: Promise<Predictor> | undefined;
  const started = () => {
    starting ??= source(worker, false).catch((error: unknown) => {
      // The next call tries again.
      starting = undefined;
      throw error;
    });
    return starting;
  };
  return {
    imagesAtOnce: Math.max(1, Math.floor(pixelsAtOnce / cropSize ** 2)),
    // While a thread predicts, the next images are prepared.
    callsAtOnce: 2 * Math.max(1, worker),
    async outputs(images, names, signal) {
      const requestOptions = signal === undefined ? {} : { signal };
      const { data } = await preparer.prepare(images, { ...requestOptions, names });
      return (await started()).run(data, requestOptions);
    },
    async dispose() {
      await Promise.all([
        preparer.close(),
        starting?.then(
          (predictor) => predictor.dispose(),
          () => {},
        ),
      ]);
    },
  };
}

/** The network on tfjs's backend, in the calling thread: what a browser has. */
export function tfjsRunner(model: LayersModel, { preprocessing }: ClassifierFacts): Runner {
  const transform = evaluationTransform(preprocessing);
  return {
    imagesAtOnce: Math.max(1, Math.floor(pixelsAtOnce / preprocessing.cropSize ** 2)),
    callsAtOnce: 1,
    async outputs(images, names) {
      const outputs = tf.tidy(() => {
        const prepared = images.map((image, index) => {
          if (!isPixels(image)) throw new TypeError(`${names[index]} must have been decoded`);
          const { data, width, height, channels } = transform(image);
          return tf.tensor3d(new Float32Array(data), [height, width, channels]);
        });
        const result = model.predict(tf.stack(prepared)) as tf.Tensor | tf.Tensor[];
        return Array.isArray(result) ? result[0] : result;
      });
      if (outputs === undefined) throw new RangeError(`model '${model.name}' has no output`);
      try {
        return (await outputs.data()) as Float32Array;
      } finally {
        outputs.dispose();
      }
    },
    async dispose() {},
  };
}

function isPixels(image: Source | Image): image is Image {
  return typeof image === 'object' && 'data' in image;
}
