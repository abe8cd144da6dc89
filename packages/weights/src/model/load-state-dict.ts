import { boolean, callable, check, checkOptions, layersModel, type OptionRules, optional } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { asFloat32, asInt32 } from '../state-dict/dtype.js';
import { type StateDict, type StateTensor, stateDictRule } from '../state-dict/state-dict.js';
import { bits, toChannelsLast } from './layout.js';
import { type ModelWeight, modelWeights } from './model-weights.js';

/** How `loadStateDict` matches a state dict with a model. */
export interface LoadStateDictOptions {
  /** true (default): a key that is missing in the dict or unknown to the model is an error. */
  readonly strict?: boolean;
  /** The model's key for a key of the dict, or null to leave it out. Called after a common prefix was stripped. */
  readonly rename?: (key: string) => string | null;
  /**
   * true: weights whose shape differs keep the value they have, as the new head of a network for another number of classes
   * does. false (default): they are an error, strict or not, as in PyTorch.
   */
  readonly ignoreMismatchedShapes?: boolean;
}

export const loadStateDictRules: OptionRules<LoadStateDictOptions> = {
  strict: optional(boolean),
  rename: optional(callable<(key: string) => string | null>('a function of a key')),
  ignoreMismatchedShapes: optional(boolean),
};

/** What `loadStateDict` did, by key. */
export interface LoadReport {
  readonly loaded: readonly string[];
  /** Of the model, and not in the dict. */
  readonly missing: readonly string[];
  /** Of the dict, and not in the model. */
  readonly unexpected: readonly string[];
  /** In both, with shapes that differ. */
  readonly mismatched: readonly string[];
}

/** Prefixes that wrappers put before every key: DataParallel, Lightning and torch.compile. */
const wrapperPrefixes = ['module.', 'model.', '_orig_mod.'];

/** How many bytes are read at a time from a tensor in a file whose axes have to be permuted. */
const chunkBytes = 2 ** 24;

/**
 * Loads weights into a model. Everything is checked before the first weight changes.
 *
 * A prefix `module.`, `model.` or `_orig_mod.` that all keys have is stripped; `num_batches_tracked` is ignored; other number
 * types are converted to the weight's. Tensors from a file are read one by one and not kept.
 * @param model any layers model
 * @param dict tensors in PyTorch's layout, or in Keras's where they say so
 * @param options `strict`, `rename`, `ignoreMismatchedShapes`
 * @returns which keys were loaded and which were not
 * @throws RangeError listing every missing, unexpected and wrongly shaped key
 * @example
 * import { loadStateDict, readTorch } from '@cnnzoo/weights';
 *
 * loadStateDict(model, await readTorch('resnet18-f37072fd.pth'));
 */
export function loadStateDict(model: LayersModel, dict: StateDict, options: LoadStateDictOptions = {}): LoadReport {
  check('model', model, layersModel());
  check('dict', dict, stateDictRule);
  checkOptions<LoadStateDictOptions>('loadStateDict', options, loadStateDictRules);
  const match = matchStateDict(model, dict, options.rename);
  refuseMisfit(model, match, options);
  return loadMatch(match);
}

/** Which tensors belong to which weights. */
export interface StateDictMatch {
  readonly loadable: readonly (readonly [ModelWeight, StateTensor])[];
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly mismatched: readonly {
    readonly key: string;
    readonly found: readonly number[];
    readonly expected: readonly (number | null)[];
  }[];
}

/** Compares a model and a dict, without changing anything. */
export function matchStateDict(
  model: LayersModel,
  dict: StateDict,
  rename: (key: string) => string | null = (key) => key,
): StateDictMatch {
  const weights = new Map(modelWeights(model).map((weight) => [weight.key, weight]));
  const tensors = renameKeys(dict, [...weights.keys()], rename);
  const loadable: [ModelWeight, StateTensor][] = [];
  const missing: string[] = [];
  const mismatched: StateDictMatch['mismatched'][number][] = [];
  for (const [key, weight] of weights) {
    const tensor = tensors.get(key);
    if (tensor === undefined) {
      missing.push(key);
      continue;
    }
    const expected = tensor.layout === 'keras' ? weight.variable.shape : weight.shape;
    if (`${tensor.shape}` === `${expected}`) loadable.push([weight, tensor]);
    else mismatched.push({ key, found: tensor.shape, expected });
  }
  return { loadable, missing, unexpected: [...tensors.keys()].filter((key) => !weights.has(key)), mismatched };
}

/** @throws RangeError listing everything that does not fit, TypeError for a dtype that no weight can have */
export function refuseMisfit(
  model: LayersModel,
  { loadable, missing, unexpected, mismatched }: StateDictMatch,
  { strict = true, ignoreMismatchedShapes = false }: LoadStateDictOptions,
): void {
  const shapes = mismatched.map(
    ({ key, found, expected }) => `${key}: [${found}] in the state dict, [${expected}] in the model`,
  );
  const problems = [
    ...(strict && missing.length > 0 ? [list('missing', missing)] : []),
    ...(strict && unexpected.length > 0 ? [list('unexpected', unexpected)] : []),
    ...(!ignoreMismatchedShapes && shapes.length > 0 ? [list('wrongly shaped', shapes), otherHead(mismatched)] : []),
  ];
  if (problems.length > 0)
    throw new RangeError(`the state dict does not fit the model '${model.name}'\n${problems.join('\n')}`);
  for (const [{ key }, { dtype }] of loadable)
    if (unloadable.has(dtype)) throw new TypeError(`'${key}' has dtype ${dtype}, which cannot be loaded into a model`);
}

/** Most often the head of a model with another number of classes: what helps, whichever of the two heads is wanted. */
function otherHead(mismatched: StateDictMatch['mismatched']): string {
  const bias = mismatched.length <= 2 ? mismatched.find(({ found }) => found.length === 1) : undefined;
  const toLoad = bias === undefined ? '' : `build the network with numClasses: ${bias.found[0]} to load this head, or `;
  return `For a head with another number of classes, ${toLoad}pass ignoreMismatchedShapes: true: wrongly shaped weights then keep the values that they have`;
}

const unloadable: ReadonlySet<string> = new Set(['C64', 'F4', 'F6_E2M3', 'F6_E3M2']);

/** Replaces the weights' values. */
export function loadMatch({ loadable, missing, unexpected, mismatched }: StateDictMatch): LoadReport {
  for (const [weight, tensor] of loadable) writeWeight(weight, tensor);
  return {
    loaded: loadable.map(([{ key }]) => key),
    missing,
    unexpected,
    mismatched: mismatched.map(({ key }) => key),
  };
}

function list(kind: string, lines: readonly string[]): string {
  return `${lines.length} ${kind}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** The dict with the model's names for its keys. */
function renameKeys(
  dict: StateDict,
  modelKeys: readonly string[],
  rename: (key: string) => string | null,
): Map<string, StateTensor> {
  const keys = [...dict.keys()].filter((key) => !key.endsWith('num_batches_tracked'));
  let stripped = 0;
  for (;;) {
    const prefix = wrapperPrefixes.find(
      (candidate) =>
        keys.length > 0 &&
        keys.every((key) => key.startsWith(candidate, stripped)) &&
        !modelKeys.some((key) => key.startsWith(candidate)),
    );
    if (prefix === undefined) break;
    stripped += prefix.length;
  }
  const renamed = new Map<string, StateTensor>();
  const origin = new Map<string, string>();
  for (const key of keys) {
    const name = rename(key.slice(stripped));
    const tensor = dict.get(key);
    if (name === null || tensor === undefined) continue;
    const other = origin.get(name);
    if (other !== undefined) throw new RangeError(`rename gives '${other}' and '${key}' the same name '${name}'`);
    origin.set(name, key);
    renamed.set(name, tensor);
  }
  return renamed;
}

/** Replaces a weight's value. The values are always copied, so that the model does not share memory with the dict. */
function writeWeight({ channels, variable }: ModelWeight, tensor: StateTensor): void {
  const { dtype, shape } = variable.read();
  const convert = dtype === 'float32' ? asFloat32 : asInt32;
  let values: Float32Array | Int32Array;
  if (channels === null || tensor.layout === 'keras') {
    // A new array already, where it was read from a file just now.
    values = tensor.slice === undefined ? convert(tensor.data).slice() : convert(tensor.data);
  } else {
    const { spatial, input, output } = channels;
    const row = spatial * input;
    values = new (dtype === 'float32' ? Float32Array : Int32Array)(row * output);
    const { data, slice } = tensor.slice === undefined ? tensor : { data: undefined, slice: tensor.slice };
    const step = slice === undefined ? output : Math.max(16, Math.floor(chunkBytes / 4 / row / 16) * 16);
    for (let begin = 0; begin < output; begin += step) {
      const part = slice?.(begin * row, Math.min(begin + step, output) * row) ?? data;
      if (part !== undefined) toChannelsLast(bits(convert(part)), bits(values), channels, begin);
    }
  }
  tf.tidy(() => {
    variable.write(tf.cast(tf.tensor(values, shape), dtype));
  });
}
