/** Reads `useBackend`'s options and the environment variables that stand for them. */
import { boolean, checkedLater, checkOptions, integer, oneOf, optional } from '@cnnzoo/checks';
import { type EnginePreference, enginePreference } from './engine-name.js';
import type { EngineSettings } from './engines/engine.js';
import type { Purpose } from './probe.js';
import { engineThreads, usableProcessors } from './processors.js';

/** Options of `useBackend()`. */
export interface UseBackendOptions {
  /** The engine to use if it works here. Default: the environment variable CNNZOO_BACKEND, else the best one. */
  readonly prefer?: EnginePreference;
  /** 'training' (default) accepts only engines whose gradients are right; 'inference' accepts all. */
  readonly purpose?: Purpose;
  /** Threads of one operator. Default: the environment variable CNNZOO_THREADS, else from the processors of this container. */
  readonly threads?: number;
  /** Worker threads of the data loader in the same process. The engine leaves each a processor, but keeps at least half. Default 0. */
  readonly loaderWorkers?: number;
  /** Let tfjs-node-gpu take the GPU's memory as it is needed (TF_FORCE_GPU_ALLOW_GROWTH) instead of all of it. Default true. */
  readonly gpuMemoryGrowth?: boolean;
}

export interface EngineRequest {
  readonly preference: EnginePreference | null;
  readonly purpose: Purpose;
  readonly settings: EngineSettings;
}

function count(value: number, name: string, least: number, written: unknown = value): number {
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`${name} is ${JSON.stringify(written)}, expected an integer of at least ${least}`);
  return value;
}

/** @throws RangeError naming the option or the environment variable that is wrong */
export function engineRequest(options: UseBackendOptions): EngineRequest {
  const {
    prefer,
    purpose = 'training',
    threads,
    loaderWorkers = 0,
    gpuMemoryGrowth = true,
  } = checkOptions<UseBackendOptions>('useBackend', options, {
    prefer: optional(checkedLater<EnginePreference>()),
    purpose: optional(oneOf(['training', 'inference'])),
    threads: optional(integer(1)),
    loaderWorkers: optional(integer(0)),
    gpuMemoryGrowth: optional(boolean),
  });
  const { CNNZOO_BACKEND: backend, CNNZOO_THREADS: threadsText } = process.env;
  const wanted =
    threads !== undefined
      ? threads
      : threadsText
        ? count(Number(threadsText), 'CNNZOO_THREADS', 1, threadsText)
        : engineThreads(usableProcessors(), loaderWorkers);
  const preference =
    prefer !== undefined
      ? enginePreference(prefer, 'useBackend: prefer')
      : backend
        ? enginePreference(backend, 'CNNZOO_BACKEND')
        : null;
  return {
    preference,
    purpose,
    settings: { threads: wanted, gpuMemoryGrowth },
  };
}
