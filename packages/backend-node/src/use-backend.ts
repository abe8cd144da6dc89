import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import * as tf from '@tensorflow/tfjs-core';

export interface UseBackendOptions {
  /** The engine to use if it works here. Default: the environment variable CNNZOO_BACKEND, else the best one. */
  prefer?: EngineName;
  /** Threads of one operator. Default: the environment variable CNNZOO_THREADS, else the processors that this process may use. */
  threads?: number;
}

/** Engines in the order in which they are tried. */
const engines = ['onnx', 'cpu'] as const;
export type EngineName = (typeof engines)[number];

export interface ChosenBackend {
  /** tfjs's name of the backend that is set now. */
  readonly backend: EngineName;
  /** Where it computes. */
  readonly device: string;
  /** The engines that were tried before it, and why they are not used. */
  readonly rejected: readonly { readonly backend: EngineName; readonly reason: string }[];
}

function engineName(name: string, source: string): EngineName {
  const found = engines.find((engine) => engine === name);
  if (found === undefined)
    throw new RangeError(`${source} is ${JSON.stringify(name)}, expected one of ${engines.join(', ')}`);
  return found;
}

function threadCount(text: string): number {
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`CNNZOO_THREADS is ${JSON.stringify(text)}, expected an integer of at least 1`);
  return threads;
}

/** A convolution whose result is known: an engine that cannot do it is not used. */
async function probe(): Promise<void> {
  const result = tf.tidy(() =>
    tf.conv2d(
      tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]),
      tf.tensor4d([1, 0, 0, 1], [2, 2, 1, 1]),
      1,
      'valid',
    ),
  );
  const values = await result.data();
  result.dispose();
  if (values.join() !== '6,8,12,14') throw new Error(`a convolution of known result 6,8,12,14 gave ${values.join()}`);
}

/**
 * Sets the fastest backend that works on this machine, and says which one that is.
 *
 * @param options.prefer engine to try first
 * @param options.threads threads of one operator, at least 1
 * @returns what was chosen, and why those before it were not
 * @throws RangeError for an unknown engine or a number of threads that is not a positive integer
 * @throws Error where no engine works
 * @example
 * import { useBackend } from '@cnnzoo/backend-node';
 *
 * const { backend, device } = await useBackend();
 * console.log(`computing with ${backend} on ${device}`);
 */
export async function useBackend(options: UseBackendOptions = {}): Promise<ChosenBackend> {
  const environment = process.env['CNNZOO_BACKEND'];
  const preferred =
    options.prefer !== undefined
      ? engineName(options.prefer, 'useBackend: prefer')
      : environment
        ? engineName(environment, 'CNNZOO_BACKEND')
        : null;
  const threadsText = process.env['CNNZOO_THREADS'];
  const threads = options.threads ?? (threadsText ? threadCount(threadsText) : undefined);
  const order = preferred === null ? engines : [preferred, ...engines.filter((engine) => engine !== preferred)];
  const rejected: { backend: EngineName; reason: string }[] = [];
  if (preferred !== 'cpu') registerOnnxBackend(threads === undefined ? {} : { threads });
  for (const backend of order) {
    try {
      if (!(await tf.setBackend(backend))) throw new Error(`tfjs could not set the backend '${backend}'`);
      await probe();
      return { backend, device: 'cpu', rejected };
    } catch (error) {
      rejected.push({ backend, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  throw new Error(
    `useBackend: no engine works here: ${rejected.map(({ backend, reason }) => `${backend}: ${reason}`).join('; ')}`,
  );
}
