/**
 * What the driver and an engine's process say to each other: one JSON object a line, requests on the process's standard input,
 * replies on its standard output. `python/worker.py` speaks the same.
 */

export type NetworkName =
  | 'lenet5'
  | 'resnet18'
  | 'resnet50'
  | 'vgg16'
  | 'googlenet'
  | 'inception_v3'
  | 'alexnet_paper'
  | 'cifar_resnet20';

/** Where a tfjs engine's layers come from. */
export type LayerSource = 'tfjs-layers' | 'cnnzoo';

/** The work that one step is. */
export interface Work {
  readonly network: NetworkName;
  /**
   * 'train': forward, backward and an SGD update with momentum, the loss read; 'predict': forward in evaluation mode, the logits read; 'epoch': training on all
   * images of a folder, which two workers of a data loader decode and augment.
   */
  readonly mode: 'train' | 'predict' | 'epoch';
  readonly batchSize: number;
  readonly learningRate: number;
  /** 'head': all layers but the last are frozen. Absent: all are trained. */
  readonly trained?: 'head';
  /** Of an epoch: a folder of JPEG files, CLASS/NAME.jpg. */
  readonly folder?: string;
  /** Each `every`-th step has a batch of `size` images, as the last batch of an epoch does. */
  readonly partialBatch?: { readonly every: number; readonly size: number };
}

export type Request =
  /** Builds network, weights and one batch. */
  | { readonly command: 'prepare'; readonly work: Work }
  /** Does `steps` steps one after another. */
  | { readonly command: 'run'; readonly steps: number }
  /** Says what the process holds. */
  | { readonly command: 'inspect' };

/** The first line of a process, before any request. */
export interface Introduction {
  /** Name and version, such as 'PyTorch 2.1.0'. */
  readonly version: string;
  readonly threads: number;
  /** What else bears on its speed. */
  readonly notes: readonly string[];
}

export interface Prepared {
  readonly parameters: number;
}

export interface Ran {
  /** Milliseconds of each step. */
  readonly times: readonly number[];
  /** Milliseconds of processor time of each step, over all threads. */
  readonly processorTimes: readonly number[];
  /** What each step read: its loss, or the first logit. */
  readonly results: readonly number[];
}

export interface Inspection {
  /** Bytes of resident memory, now and at most so far. */
  readonly residentMemory: number;
  readonly peakMemory: number;
  /** Live tensors, where the engine counts them. */
  readonly tensors: number | null;
  readonly compilation: Compilation | null;
}

/** What an engine that compiles has done so far. */
export interface Compilation {
  /** Graphs compiled, and milliseconds that took. */
  readonly compilations: number;
  readonly compileTime: number;
  /** Kernels that another backend did, by name. */
  readonly fallbacks: Readonly<Record<string, number>>;
}

export interface Failure {
  readonly error: string;
}
