import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { TypedArray } from '../state-dict/dtype.js';
import { asInt32 } from '../state-dict/dtype.js';
import type { StateDict, StateTensor } from '../state-dict/state-dict.js';
import { bits, toChannelsFirst } from './layout.js';
import { type ModelWeight, modelWeights } from './model-weights.js';

/**
 * A copy of a model's weights as PyTorch would name and lay them out.
 * @param model any layers model, sequential or functional, with models inside it or not
 * @returns keys such as `layer1.0.conv1.weight`, layer by layer; convolutions as OIHW, dense kernels as [out, in], and the
 *   first dense kernel after a flatten with its inputs in CHW order. float32 weights are 'F32', others
 *   'I32'. Auxiliary heads are part of it; optimizer state is not
 * @throws TypeError where two weights would have the same key
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { stateDict, writeSafetensors } from '@cnnzoo/weights';
 *
 * const dict = stateDict(model);
 * await writeFile('model.safetensors', writeSafetensors(dict));
 */
export function stateDict(model: LayersModel): StateDict {
  return new Map(modelWeights(model).map((weight) => [weight.key, readWeight(weight)]));
}

function readWeight({ shape, channels, variable }: ModelWeight): StateTensor {
  const stored: TypedArray = variable.read().dataSync();
  const values = stored instanceof Float32Array ? stored : asInt32(stored);
  // A copy: on some backends dataSync gives the backend's own memory.
  const data = values.slice();
  if (channels !== null) toChannelsFirst(bits(values), bits(data), channels);
  return { shape, dtype: data instanceof Float32Array ? 'F32' : 'I32', data };
}
