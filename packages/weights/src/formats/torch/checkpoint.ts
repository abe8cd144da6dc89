/** Finds the state dict within what a pickle holds: alone, or among an optimizer, a schedule and other values of a training run. */
import type { Budget } from '@cnnzoo/files';
import { isTorchValue, MetaTensor, type TorchValue } from './derived-tensors.js';
import { PickleObject, shown } from './pickle.js';

/** Where training scripts put the state dict, beside which a checkpoint may have single tensors, such as the best accuracy. */
const usualEntries: ReadonlySet<unknown> = new Set([
  ...['state_dict', 'model_state_dict', 'model_state', 'model', 'net', 'network', 'weights'],
  ...['module', 'params', 'params_ema', 'student', 'teacher', 'state_dict_ema', 'model_ema'],
]);

const howToSave =
  "only Python has its code. Save its state dict there: torch.save(model.state_dict(), 'state-dict.pth'), with the model from torch.load(file, weights_only=False)";

/** How deep a state dict may lie in a checkpoint: {'model': {'state_dict': …}}. */
const deepest = 2;

interface Candidate {
  /** Keys that lead to it, joined by dots; '' for the checkpoint itself. */
  readonly entry: string;
  readonly key: unknown;
  readonly dict: Map<unknown, unknown>;
  readonly tensors: number;
}

/**
 * The tensors of the state dict in a checkpoint; values that are no tensors are left out.
 * @param entry the caller's choice
 * @throws TypeError where there is none, several, or the one chosen has a tensor of a class that is unknown here
 */
export function findStateDict(value: unknown, entry: string | undefined, budget: Budget): [string, TorchValue][] {
  if (value instanceof PickleObject)
    throw new TypeError(`it holds a whole object, a ${value.name.slice(0, 200)}: ${howToSave}`);
  if (!(value instanceof Map))
    throw new TypeError(`it holds no dict of tensors, but ${isTorchValue(value) ? 'one tensor' : shown(value)}`);
  const candidates = candidatesIn(value, budget);
  const { dict, entry: name } = entry === undefined ? onlyOne(value, candidates) : chosen(candidates, entry);
  const tensors: [string, TorchValue][] = [];
  for (const [key, item] of dict) {
    if (isTorchValue(item)) tensors.push([keyText(key), item]);
    else if (item instanceof PickleObject && holdsTensor(item, budget, 0))
      throw new TypeError(
        `${name === '' ? '' : `'${name}': `}'${keyText(key)}' is a ${item.name.slice(0, 200)}, which only Python can make: save plain tensors`,
      );
  }
  return tensors;
}

/** The checkpoint itself and the dicts in it that have tensors; those a level below only where there is none of them. */
function candidatesIn(top: Map<unknown, unknown>, budget: Budget): Candidate[] {
  let level: Omit<Candidate, 'tensors'>[] = [{ entry: '', key: null, dict: top }];
  const candidates: Candidate[] = [];
  for (let depth = 0; depth <= deepest; depth++) {
    if (depth > 1 && candidates.length > 0) break;
    for (const place of level) {
      const tensors = countTensors(place.dict, budget);
      if (tensors > 0) candidates.push({ ...place, tensors });
    }
    level = level.flatMap(({ entry, dict }) =>
      [...dict].flatMap(([key, item]) =>
        item instanceof Map && typeof key === 'string'
          ? [{ entry: entry === '' ? key : `${entry}.${key}`, key, dict: item }]
          : [],
      ),
    );
  }
  return candidates;
}

function countTensors(dict: Map<unknown, unknown>, budget: Budget): number {
  let tensors = 0;
  for (const [, item] of dict) {
    budget.values(1);
    if (isTorchValue(item)) tensors++;
  }
  return tensors;
}

function onlyOne(top: Map<unknown, unknown>, candidates: readonly Candidate[]): Candidate {
  const [first, ...others] = candidates;
  if (first === undefined) {
    const module = [...top].find(([, item]) => item instanceof PickleObject && isModule(item));
    if (module !== undefined && module[1] instanceof PickleObject)
      throw new TypeError(`its ${shown(module[0])} is a whole object, a ${module[1].name.slice(0, 200)}: ${howToSave}`);
    throw new TypeError(
      `it holds no tensors: its keys are ${[...top.keys()].slice(0, 20).map(shown).join(', ') || 'none'}`,
    );
  }
  if (others.length === 0) return first;
  const [second] = others;
  if (others.length === 1 && second !== undefined && first.entry === '' && usualEntries.has(second.key)) return second;
  const largest = candidates.reduce((most, each) => (each.tensors > most.tensors ? each : most));
  throw new TypeError(
    `it holds several state dicts: ${listed(candidates)}; choose one with { entry: '${largest.entry.slice(0, 200)}' }`,
  );
}

function chosen(candidates: readonly Candidate[], entry: string): Candidate {
  const found = candidates.find((candidate) => candidate.entry === entry);
  if (found === undefined)
    throw new TypeError(`it has no state dict '${entry.slice(0, 200)}': it has ${listed(candidates) || 'none'}`);
  return found;
}

function listed(candidates: readonly Candidate[]): string {
  return candidates
    .slice(0, 20)
    .map(({ entry, tensors }) => `'${entry.slice(0, 200)}' (${tensors} ${tensors === 1 ? 'tensor' : 'tensors'})`)
    .join(', ');
}

function isModule({ state }: PickleObject): boolean {
  return state instanceof Map && state.has('_parameters') && state.has('_modules');
}

/** Whether an inert object was made of tensors, as those of a subclass of torch.Tensor are. */
function holdsTensor(value: unknown, budget: Budget, depth: number): boolean {
  budget.values(1);
  if (isTorchValue(value)) return !(value instanceof MetaTensor);
  if (depth > 3) return false;
  const within = (items: Iterable<unknown>) => [...items].some((item) => holdsTensor(item, budget, depth + 1));
  if (value instanceof PickleObject) return within([value.args, value.state, value.items, value.values]);
  if (value instanceof Map) return within(value.values());
  return Array.isArray(value) && within(value);
}

/** A key as a state dict has it. */
export function keyText(key: unknown): string {
  if (typeof key !== 'string' && typeof key !== 'number') throw new TypeError(`pickle: ${shown(key)} as a name`);
  return String(key);
}
