import { checkOptions } from '@cnnzoo/checks';
import { readZipDirectory, type Source } from '@cnnzoo/files';
import type { StateDict } from '../state-dict/state-dict.js';
import { fileKind, kindBytes } from './file-kind.js';
import { kerasIn } from './keras/keras.js';
import { readFile } from './read-file.js';
import { safetensorsIn } from './safetensors.js';
import { readShards } from './shards.js';
import { type ReadTorchOptions, readTorchRules, torchIn } from './torch/torch.js';

/**
 * Reads a file of weights of any kind that this package knows, told by its contents and not by its name: safetensors, PyTorch's
 * formats, Keras's HDF5 and .keras, and an index of several such files.
 * @param source a path, a file or https URL, bytes (Buffer, Uint8Array, ArrayBuffer, SharedArrayBuffer), a Blob or `{ size, read }`
 * @param options `limits`, and for a PyTorch checkpoint `entry`
 * @returns the tensors by name
 * @throws TypeError or RangeError naming the source and what is wrong
 * @example
 * import { loadStateDict, readWeights } from '@cnnzoo/weights';
 *
 * loadStateDict(model, await readWeights('weights.safetensors'));
 */
export async function readWeights(source: Source, options: ReadTorchOptions = {}): Promise<StateDict> {
  checkOptions<ReadTorchOptions>('readWeights', options, readTorchRules);
  return read(source, options, true);
}

/** @param mayBeIndex false for a file that an index names: one that named itself would have no end */
function read(source: Source, options: ReadTorchOptions, mayBeIndex: boolean): Promise<StateDict> {
  return readFile(source, options, async (file, budget) => {
    const kind = fileKind(await file.read(0, Math.min(kindBytes, file.size)));
    switch (kind) {
      case 'hdf5':
        return kerasIn(file, budget);
      case 'pickle':
        return torchIn(file, budget, options);
      case 'safetensors':
        return safetensorsIn(file, budget);
      case 'json':
        if (!mayBeIndex) throw new TypeError('an index names it, so expected weights, this is JSON');
        return readShards(source, file, budget, (shard) => read(shard, options, false));
      case 'zip': {
        const entries = await readZipDirectory(file, budget);
        return entries.some(({ name }) => name === 'model.weights.h5')
          ? kerasIn(file, budget)
          : torchIn(file, budget, options);
      }
      default:
        throw new TypeError(`expected safetensors, PyTorch, HDF5 or .keras, this is ${kind.instead}`);
    }
  });
}
