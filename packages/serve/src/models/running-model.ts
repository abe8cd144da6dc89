/** One version of a model that is loaded and answers requests. */
import { type ImageFormat, type ImagePreparer, imagePreparer } from '@cnnzoo/data';
import { evaluationTransform } from '@cnnzoo/transforms';
import { type Admission, admission } from '../batching/admission.js';
import { type Answer, type BatchQueue, type BatchRecord, batchQueue } from '../batching/batch-queue.js';
import { diedWorking, isHttpError } from '../http/http-error.js';
import type { ServerSettings } from '../server-options.js';
import { type ActivationMaps, activationMaps } from './activation-maps.js';
import type { ServedClassifier } from './served-classifier.js';
import { workerHealth } from './worker-health.js';

/** How one request wants to be answered. */
export interface RequestTerms {
  /** 1 goes first, 9 last. */
  readonly priority: number;
  /** Aborts where the client is gone or the answer would come too late. */
  readonly signal: AbortSignal;
}

/** An image of a client: the bytes of its file, and how errors call it. */
export interface ClientImage {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface RunningModel {
  readonly name: string;
  readonly version: string;
  readonly classifier: ServedClassifier;
  /** Values of one image, and of its output. */
  readonly inputSize: number;
  readonly outputSize: number;
  /** Images that wait to be predicted. */
  readonly waiting: number;
  /** Whether its workers can be started, and how often in a row they could not. */
  readonly healthy: boolean;
  readonly failedStarts: number;
  readonly admission: Admission;
  readonly maps: ActivationMaps;
  /** Decodes and prepares an image in a worker. @throws DataError naming the image that cannot be read */
  prepare(image: ClientImage, signal: AbortSignal): Promise<Float32Array>;
  /** Predicts images that have been prepared, in batches with those of other requests. */
  predict(images: Float32Array, terms: RequestTerms): Promise<Answer>;
  /** Starts the processes that decode images, which would otherwise start with the first one. */
  warm(): Promise<void>;
  /** Keeps the model while `work` uses it. */
  use<T>(work: () => Promise<T>): Promise<T>;
  /** Answers what it has accepted, and ends its workers. */
  stop(): Promise<void>;
}

export interface ModelStart {
  readonly name: string;
  readonly version: string;
  readonly classifier: ServedClassifier;
  /** Called when the model has been stopped, for what belongs to the server. */
  readonly dispose: () => Promise<void>;
}

/** What the server wants to know of each batch. */
export type OnBatch = (model: { readonly name: string; readonly version: string }, batch: BatchRecord) => void;

/**
 * Starts the workers of a model, and predicts once, so that the first client does not wait for it.
 * @throws Error where it cannot predict; the classifier is then still the caller's
 */
export async function startModel(
  { name, version, classifier, dispose }: ModelStart,
  settings: ServerSettings,
  onBatch: OnBatch,
): Promise<RunningModel> {
  const { network } = classifier;
  const [height, width, channels] = network.inputShape;
  const inputSize = height * width * channels;
  const outputSize = classifier.categories.length;
  // It starts its processes with the first image.
  const preparer: ImagePreparer = imagePreparer({
    transform: evaluationTransform(network.preprocessing),
    workers: settings.decodeWorkers,
    processes: true,
    channels,
    imageTimeout: settings.limits.imageSeconds,
    maxPixels: settings.limits.pixels,
    formats: settings.formats as readonly ImageFormat[],
  });
  const predictor = await network.start(settings.workers);
  const probe = async () => void (await predictor.run(new Float32Array(inputSize)));
  const maps = activationMaps(network, outputSize);
  const close = () => Promise.all([preparer.close(), predictor.dispose(), maps.close()]);
  try {
    await probe();
  } catch (error) {
    await close();
    throw error;
  }
  const health = workerHealth(probe);
  const queue: BatchQueue = batchQueue({
    ...settings.batching,
    workers: settings.workers,
    run: async (images) => predictor.run(images),
    onBatch(batch) {
      if (batch.error === null) health.worked();
      else health.failed();
      onBatch({ name, version }, batch);
    },
  });
  let users = 0;
  let unused: (() => void) | null = null;
  let stopping: Promise<void> | null = null;

  async function predict(images: Float32Array, { priority, signal }: RequestTerms): Promise<Answer> {
    const most = settings.batching.maxBatchSize * inputSize;
    const parts = Array.from({ length: Math.ceil(images.length / most) }, (_, part) =>
      images.subarray(part * most, (part + 1) * most),
    );
    const answers = await Promise.all(
      parts.map((part) => queue.add({ images: part, count: part.length / inputSize, priority, signal })),
    ).catch((error: unknown) => {
      if (isHttpError(error) || signal.aborted) throw error;
      throw diedWorking(`the worker of model '${name}' that computed this request has ended: send it again`, error);
    });
    const [first, ...others] = answers;
    if (first !== undefined && others.length === 0) return first;
    const outputs = new Float32Array((images.length / inputSize) * outputSize);
    let position = 0;
    for (const answer of answers) {
      outputs.set(answer.outputs, position);
      position += answer.outputs.length;
    }
    const longest = (time: (answer: Answer) => number) => Math.max(...answers.map(time));
    return { outputs, queueTime: longest((a) => a.queueTime), computeTime: longest((a) => a.computeTime) };
  }

  return {
    name,
    version,
    classifier,
    inputSize,
    outputSize,
    get waiting() {
      return queue.waiting;
    },
    get healthy() {
      return health.failedStarts === 0;
    },
    get failedStarts() {
      return health.failedStarts;
    },
    admission: admission({ model: name, capacity: settings.maxQueueSize, mostOfRequest: settings.limits.images }),
    maps,
    async prepare({ name: image, bytes }, signal) {
      const { data } = await preparer.prepare([bytes], { names: [image], signal });
      return data;
    },
    predict,
    async warm() {
      const pixels = { data: new Uint8Array(inputSize), width, height, channels };
      await Promise.all(Array.from({ length: settings.decodeWorkers }, () => preparer.prepare([pixels])));
    },
    async use(work) {
      users++;
      try {
        return await work();
      } finally {
        users--;
        if (users === 0) unused?.();
      }
    },
    stop() {
      stopping ??= (async () => {
        health.close();
        if (users > 0)
          await new Promise<void>((resolve) => {
            unused = resolve;
          });
        await queue.drain();
        await close();
        await dispose();
      })();
      return stopping;
    },
  };
}
