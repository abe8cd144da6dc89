/** What a server has to know of a classifier. `ImageClassifier` of the package `cnnzoo` is one. */
import type { Preprocessing } from '@cnnzoo/metadata';

/** Predicts in workers of its own. */
export interface Predictor {
  /**
   * @param images one after the other, channels last
   * @returns the outputs, one after the other
   * @throws (rejects) Error where the worker that computes them dies
   */
  run(images: Float32Array): Float32Array | Promise<Float32Array>;
  dispose(): void | Promise<void>;
}

/** The network of a classifier, frozen when a server starts it. */
export interface ServedNetwork {
  /** Names of its input and output, as clients use them. */
  readonly input: string;
  readonly output: string;
  /** Of an image, channels last. */
  readonly inputShape: readonly [height: number, width: number, channels: 1 | 3 | 4];
  readonly preprocessing: Preprocessing;
  /** @param workers processes that predict, at least one */
  start(workers: number): Promise<Predictor>;
  /**
   * A network of the same input whose outputs are class activation maps [rows, columns, classes], in a process of its own; null where the network has none, because
   * it does not end in global average pooling and one dense layer.
   */
  startMaps(): Promise<{
    readonly predictor: Predictor;
    readonly size: readonly [rows: number, columns: number];
  } | null>;
}

/** A class that a network sees, with its probability. */
export interface ClassPrediction {
  readonly index: number;
  readonly category: string;
  readonly probability: number;
}

/** A classifier that can be served. */
export interface ServedClassifier {
  /** Names of the classes, in the order of the network's outputs. */
  readonly categories: readonly string[];
  /** @param outputs of one image @returns the `topK` classes with the largest probabilities, the largest first */
  predictions(outputs: Float32Array, topK: number): ClassPrediction[];
  readonly network: ServedNetwork;
}

/** One version of a model, as a server is told of it. */
export interface ModelSource {
  /** In addresses: letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** A positive integer as text. Default: '1'. Requests that name none get the largest. */
  readonly version?: string;
  /**
   * The classifier; it stays the caller's. Or a function that loads one: such a model can be loaded again while the server runs, and the server disposes of what it
   * has loaded.
   */
  readonly classifier: ServedClassifier | (() => Promise<ServedClassifier & { dispose(): Promise<void> }>);
}
