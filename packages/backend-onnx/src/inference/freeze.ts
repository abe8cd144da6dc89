import { availableParallelism } from 'node:os';
import {
  boolean,
  check,
  checkOptions,
  either,
  integer,
  listOf,
  number,
  type OptionRules,
  optional,
  record,
  shown,
} from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type GraphModel, recordable } from '../prediction/recordable-model.js';
import { type FrozenGraph, frozenGraph } from './frozen-graph.js';
import { frozenSession } from './frozen-session.js';
import { startWorkerPool, type WorkerPool } from './inference-workers.js';
import { type OnnxFileSignature, signatureRule } from './onnx-file-signature.js';
import { answered, type RequestOptions, type Ticket } from './request.js';
import { type Batching, type RequestBatcher, requestBatcher } from './request-batcher.js';
import { checkArray, checkTensor, type Signature } from './signature.js';
import { warnOfProcessor } from './warn-of-processor.js';

/** The options of `freeze`. */
export interface FreezeOptions {
  /** Images at once. Default: any number, another one in each call if you like. */
  batchSize?: number;
  /** [height, width, channels] of an image, for models that leave them open. */
  inputShape?: readonly number[];
  /** Threads of one operator. Default: the processors that this process may use, shared by the workers. */
  threads?: number;
  worker?: false;
}

/** The options of `freeze` with workers. */
export interface FreezeInWorkerOptions extends Omit<FreezeOptions, 'worker'> {
  /** A thread of its own, or this many. */
  worker: true | number;
  /**
   * Whether the workers are processes. Where onnxruntime crashes, the requests of one fail and the app continues. Their threads sleep while they have nothing to do, which
   * leaves the processors to others. Default false: threads, which share the memory of the weights, and spin.
   */
  processes?: boolean;
  /** Puts requests that come at the same time into one batch. */
  batching?: Batching;
}

/** An ONNX model in memory, such as a quantized one. */
export interface OnnxBytes {
  readonly model: Uint8Array;
  readonly signature: OnnxFileSignature;
}

/** A model's prediction with its weights as constants. */
export interface FrozenModel {
  /**
   * @param images float32 [batch, ...inputShape], on any backend
   * @returns the model's (first) output, on tfjs's current backend. Dispose it.
   * @throws TypeError or RangeError for another dtype or shape; Error after `dispose`
   */
  predict(images: tf.Tensor): tf.Tensor;
  /**
   * Predicts without tfjs.
   * @param images images one after the other, channels last
   * @returns the results one after the other
   */
  run(images: Float32Array): Float32Array;
  /** Gives back all memory. The model of which this was made is left alone. */
  dispose(): void;
}

/** A frozen model in workers: the event loop continues while it predicts. */
export interface FrozenModelInWorker {
  /**
   * As `FrozenModel.predict`. Each request is answered once.
   * @throws (rejects) Error where the worker dies, the signal's reason, an error called TimeoutError
   */
  predict(images: tf.Tensor, options?: RequestOptions): Promise<tf.Tensor>;
  /** As `FrozenModel.run`, and rejected as `predict`. The array is copied at once. */
  run(images: Float32Array, options?: RequestOptions): Promise<Float32Array>;
  /** Accepts no more requests, finishes those it has, and ends the workers. */
  dispose(): Promise<void>;
}

/**
 * Records a model's prediction and compiles it with its weights as constants: the fastest inference there is here. Batch
 * normalization is folded into convolutions, and filters are stored as onnxruntime's kernels want them. Later changes of the
 * model's weights do not change the frozen model, which holds its own, and it may be disposed.
 *
 * @param model of one float32 input. With auxiliary heads only the first output is computed. Or what `quantize` of @cnnzoo/quantize gives, whose
 *   graph is taken as it is. Where that is not for this processor, a QuantizationWarning says so once
 * @param options.batchSize images at once; default: any number
 * @param options.inputShape [height, width, channels], for models that leave them open
 * @param options.threads threads of one operator; default: the processors that this process may use, shared by the workers
 * @param options.worker `true` for a thread of its own, so that the event loop continues; a number for this many of them
 * @param options.processes whether the workers are processes, so that a crash of onnxruntime does not end the app. Only with `worker`.
 * @param options.batching `{ maxBatchSize, maxDelay }`: concurrent requests go together, at most this many images, none waiting for
 *   others longer than this many milliseconds. Only with `worker`.
 * @throws TypeError or RangeError for options that are not as said; Error naming operation and layer where the model calls what
 *   has no ONNX form
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import { freeze } from '@cnnzoo/backend-onnx';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * const model = resnet18();
 * const frozen = freeze(model);
 * const logits = frozen.predict(tf.zeros([1, 224, 224, 3])); // [1, 1000]
 * const values = frozen.run(new Float32Array(224 * 224 * 3)); // 1000 numbers
 * frozen.dispose();
 */
export function freeze(model: LayersModel | GraphModel | OnnxBytes, options?: FreezeOptions): FrozenModel;
export function freeze(
  model: LayersModel | GraphModel | OnnxBytes,
  options: FreezeInWorkerOptions,
): FrozenModelInWorker;
export function freeze(
  model: LayersModel | GraphModel | OnnxBytes,
  options: FreezeOptions | FreezeInWorkerOptions = {},
): FrozenModel | FrozenModelInWorker {
  const {
    batchSize,
    inputShape,
    worker = false,
    threads,
    batching,
    processes,
  } = checkOptions<AllFreezeOptions>('freeze', options, freezeRules);
  if (isBytes(model)) checkBytes(model, options);
  else checkModel(model);
  const workers = Number(worker);
  if (batching !== undefined) checkBatching(workers, batchSize);
  if (processes === true && workers === 0)
    throw new RangeError('freeze: processes says what workers are, but there is none: add worker: true');
  const share = threads ?? Math.max(1, Math.floor(availableParallelism() / Math.max(1, workers)));
  if (isBytes(model)) warnOfProcessor(`model '${model.signature.model}'`, model.model);
  const graph = isBytes(model)
    ? model
    : frozenGraph(recordable(model, inputShape && inputShape.length + 1), { batchSize: batchSize ?? null, inputShape });
  if (workers === 0) return freezeHere(graph, share);
  // Threads all read the same bytes.
  const bytes = processes === true ? graph.model : inSharedMemory(graph.model);
  const pool = startWorkerPool(workers, {
    graph: { model: bytes, signature: graph.signature },
    threads: share,
    kind: processes === true ? 'process' : 'thread',
  });
  return freezeInWorkers(
    graph.signature,
    pool,
    batching && requestBatcher(batching, workers, (images) => pool.run(images)),
  );
}

interface AllFreezeOptions extends Omit<FreezeOptions, 'worker'> {
  worker?: number | boolean;
  processes?: boolean;
  batching?: Batching;
}

const freezeRules: OptionRules<AllFreezeOptions> = {
  batchSize: optional(integer(1)),
  inputShape: optional(listOf(integer(1), 1)),
  threads: optional(integer(1)),
  worker: optional(either(boolean, integer(1))),
  processes: optional(boolean),
  batching: optional(record<Batching>({ maxBatchSize: integer(1), maxDelay: number(0, 2 ** 31 - 1) })),
};

function freezeHere(graph: FrozenGraph, threads: number): FrozenModel {
  const session = frozenSession(graph, { threads });
  const { signature } = graph;
  let disposed = false;
  const run = (images: Float32Array): Float32Array => {
    checkUsable(disposed, signature);
    checkArray(images, signature);
    return session.run(images);
  };
  return {
    run,
    predict(images) {
      checkUsable(disposed, signature);
      checkTensor(images, signature);
      return resultTensor(session.run(images.dataSync<'float32'>()), signature);
    },
    dispose() {
      if (!disposed) session.dispose();
      disposed = true;
    },
  };
}

function inSharedMemory(bytes: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  shared.set(bytes);
  return shared;
}

function freezeInWorkers(
  signature: Signature,
  pool: WorkerPool,
  batcher: RequestBatcher | undefined,
): FrozenModelInWorker {
  let disposal: Promise<void> | null = null;
  const request = (images: Float32Array, ticket: Ticket): Promise<Float32Array> => {
    const count = checkArray(images, signature);
    // The caller may write to the array while the request waits.
    const copy = new Float32Array(images);
    return batcher ? batcher.add(copy, count, ticket) : pool.run(copy, ticket);
  };
  const what = `frozen model '${signature.model}'`;
  return {
    async run(images, options) {
      checkUsable(disposal !== null, signature);
      checkArray(images, signature);
      return answered(what, options, (ticket) => request(images, ticket));
    },
    async predict(images, options) {
      checkUsable(disposal !== null, signature);
      checkTensor(images, signature);
      const values = await answered(what, options, (ticket) => request(images.dataSync<'float32'>(), ticket));
      return resultTensor(values, signature);
    },
    dispose() {
      disposal ??= (async () => {
        await batcher?.drain();
        await pool.close();
      })();
      return disposal;
    },
  };
}

function resultTensor(values: Float32Array, { outputShape }: Signature): tf.Tensor {
  const batch = values.length / outputShape.reduce((size, extent) => size * extent, 1);
  return tf.tensor(values, [batch, ...outputShape], 'float32');
}

function checkUsable(disposed: boolean, { model }: Signature): void {
  if (disposed) throw new Error(`the frozen model '${model}' has been disposed: freeze it again`);
}

function checkModel(model: unknown): void {
  const { inputs, outputs, predict } = Object(model) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(inputs) || !Array.isArray(outputs) || typeof predict !== 'function')
    throw new TypeError(
      `freeze: model is ${shown(model)}, expected a LayersModel of tfjs-layers or a GraphModel of tfjs-converter`,
    );
}

function isBytes(model: LayersModel | GraphModel | OnnxBytes): model is OnnxBytes {
  const { model: bytes } = Object(model) as { model?: unknown };
  return bytes instanceof Uint8Array;
}

/** A graph that is made already has its shapes and its order of axes. */
function checkBytes(
  { signature }: OnnxBytes,
  { batchSize, inputShape }: Pick<FreezeOptions, 'batchSize' | 'inputShape'>,
) {
  check('model.signature', signature, signatureRule);
  const { model, layout, type } = signature;
  if (layout !== 'NHWC' || type !== 'float32')
    throw new RangeError(
      `freeze: model '${model}' takes ${type} images in ${layout}, expected float32 in NHWC: save it, and open the file with openOnnxFile`,
    );
  if (batchSize !== undefined || inputShape !== undefined)
    throw new RangeError(`freeze: model '${model}' has its shapes already: leave batchSize and inputShape out`);
}

function checkBatching(workers: number, batchSize: number | undefined): void {
  if (workers === 0) throw new RangeError('freeze: batching needs a thread of its own: add worker: true');
  if (batchSize !== undefined)
    throw new RangeError(`freeze: batching makes batches of any size, but batchSize is ${batchSize}: leave it out`);
}
