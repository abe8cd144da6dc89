import type { StateDict } from '../state-dict/state-dict.js';
import { readKerasH5 } from './keras/keras.js';
import { readSafetensors } from './safetensors.js';
import { openSource, type Source } from './source.js';
import { readTorch } from './torch/torch.js';
import { readZipDirectory } from './zip-directory.js';

/**
 * Reads a file of weights of any kind that this package knows, told by its contents and not by its name: safetensors, PyTorch's
 * formats, Keras's HDF5 and .keras.
 * @param source its bytes, its path or a reader
 * @returns the tensors by name
 * @throws TypeError or RangeError naming the source and what is wrong
 * @example
 * import { loadStateDict, readWeights } from '@cnnzoo/weights';
 *
 * loadStateDict(model, await readWeights('weights.safetensors'));
 */
export async function readWeights(source: Source): Promise<StateDict> {
  const opened = await openSource(source);
  const start = await opened.read(0, Math.min(9, opened.size));
  const startsWith = (...bytes: number[]) => bytes.every((byte, i) => start[i] === byte);
  if (startsWith(0x89, 0x48, 0x44, 0x46)) return readKerasH5(source);
  if (startsWith(0x50, 0x4b))
    return (await readZipDirectory(opened)).has('model.weights.h5') ? readKerasH5(source) : readTorch(source);
  if (startsWith(0x80, 0x02, 0x8a)) return readTorch(source);
  // A header that is a JSON object, after its length.
  if (start[8] === 0x7b) return readSafetensors(source);
  throw new TypeError(`${opened.name}: not a file of weights: neither safetensors, PyTorch, HDF5 nor .keras`);
}
