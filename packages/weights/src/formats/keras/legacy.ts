/** Keras 1 and 2: the attribute layer_names, a group a layer with the attribute weight_names, which are paths in that group. */
import { weightRole } from '../../state-dict/roles.js';
import type { Hdf5File, Hdf5Object } from '../hdf5/hdf5.js';

/** Whether a group has layers as Keras 1 and 2 wrote them. */
export function isLegacy({ attributes }: Hdf5Object): boolean {
  return attributes.has('layer_names') || attributes.has('layer_names0');
}

/** The data sets by the layer's name and the role. */
export async function* legacyWeights(file: Hdf5File, root: Hdf5Object): AsyncGenerator<[string, Hdf5Object]> {
  for (const layer of textList(root, 'layer_names')) {
    const group = await file.find(root, layer);
    if (group === null) throw new RangeError(`layer '${layer}' is listed and missing`);
    const paths = textList(group, 'weight_names');
    const keys = legacyKeys(layer, paths);
    for (const [i, path] of paths.entries()) {
      const object = await file.find(group, path);
      if (object === null) throw new RangeError(`weight '${path}' of layer '${layer}' is listed and missing`);
      yield [keys[i] ?? path, object];
    }
  }
}

/** Lists over 64 KB are split into layer_names0, layer_names1, … */
function textList({ attributes }: Hdf5Object, name: string): string[] {
  const whole = attributes.get(name);
  if (whole !== undefined) return [...whole];
  const parts: string[] = [];
  for (let i = 0; attributes.has(`${name}${i}`); i++) parts.push(...(attributes.get(`${name}${i}`) ?? []));
  return parts;
}

/** Keras 1's names; its running_std holds the variance. */
const keras1Roles: Readonly<Record<string, string>> = { W: 'weight', b: 'bias', running_std: 'running_var' };

/**
 * The keys of a layer's weights: 'conv1/kernel:0', 'sequential/conv1/kernel' and Keras 1's 'conv1_W_1:0' in layer conv1 are conv1.weight.
 * Where the layer is a model, what comes before the role is a layer within it, which keeps its name.
 */
function legacyKeys(layer: string, paths: readonly string[]): string[] {
  const own = paths.map((path) => legacyKey(layer, path, (part) => part === layer || isRenamed(part, layer)));
  if (new Set(own).size === own.length) return own;
  // A model called block with the layers block_1 and block_2.
  return paths.map((path) => legacyKey(layer, path, (part) => part === layer));
}

/** Whether a scope is that of a layer: TensorFlow adds a number where its name was taken, as in conv2d_1_1 for conv2d_1. */
function isRenamed(part: string, layer: string): boolean {
  return part.startsWith(`${layer}_`) && /^\d+$/.test(part.slice(layer.length + 1));
}

function legacyKey(layer: string, path: string, isLayer: (part: string) => boolean): string {
  const parts = path.replace(/:\d+$/, '').split('/');
  let name = parts.pop() ?? '';
  if (parts.length === 0 && name.startsWith(`${layer}_`)) name = name.slice(layer.length + 1).replace(/_\d+$/, '');
  const role = Object.hasOwn(keras1Roles, name) ? keras1Roles[name] : weightRole(name);
  return [layer, ...parts.slice(parts.findLastIndex(isLayer) + 1), role].join('.');
}
