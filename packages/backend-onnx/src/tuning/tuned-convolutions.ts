import { check, integer } from '@cnnzoo/checks';
import { readWinners, tunedFor, winnersPath } from '../engine/winners-file.js';
import { probeBlock } from '../kernels/convolution/block-probe.js';
import { onnxruntimeNode } from '../runtime/onnxruntime-node.js';

/** What `tuneTraining` has found on this processor before. */
export interface TunedConvolutions {
  /** Convolutions and gradients that have a faster form than the one the engine's rules choose. 0 where nothing was tuned. */
  readonly count: number;
  /** The path of their file, which is there where `count` is above 0. */
  readonly file: string;
}

/**
 * The convolutions that were tuned for this processor, this number of threads and these versions: a backend with as many threads takes them by itself.
 * @param threads of one operator
 * @returns how many there are, and the path of their file
 * @throws RangeError where `threads` is not a positive integer
 * @example
 * import { tunedConvolutions } from '@cnnzoo/backend-onnx';
 *
 * const { count, file } = tunedConvolutions(2);
 * console.log(count === 0 ? 'not tuned' : `${count} convolutions in ${file}`);
 */
export function tunedConvolutions(threads: number): TunedConvolutions {
  check('threads', threads, integer(1));
  const tuned = tunedFor(threads, probeBlock(onnxruntimeNode()));
  return { count: readWinners(tuned).size, file: winnersPath(tuned) };
}
