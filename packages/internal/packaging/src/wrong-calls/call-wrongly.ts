/** One wrong call, and what was wrong with the way in which it ended. */
import * as tf from '@tensorflow/tfjs-core';
import { type layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;

/** What V8 says of a value that nobody has looked at, and tfjs of one that it was not made for. */
const raw =
  /Cannot (read|set|destructure|convert|use|access|mix|perform)|is not (a function|iterable|a constructor|defined|extensible|an object)|undefined \(|null \(|Invalid (array|typed array|string) length|Maximum call stack|object is not|Reduce of empty|called on|Invalid time value|circular structure|passed to '|Tensor must have a shape|Unknown (initializer|dtype|layer)/;

let kernels = 0;

/** From now on, kernels are counted. */
export function countKernels(): void {
  const engine = tf.engine() as unknown as { runKernelFunc: (...given: unknown[]) => unknown };
  const run = engine.runKernelFunc.bind(engine);
  engine.runKernelFunc = (...given) => {
    kernels++;
    return run(...given);
  };
}

/** What a call gives in the end; of what gives one thing after the other, the first. */
export async function resultOf(made: unknown): Promise<unknown> {
  const result = await made;
  const stream = result as Partial<AsyncGenerator> | null | undefined;
  if (typeof stream?.next !== 'function' || typeof stream.return !== 'function') return result;
  const { value } = await stream.next();
  await stream.return(undefined);
  return value;
}

/** Gives back what a call that is right after all has made. */
export async function disposeOf(result: unknown): Promise<void> {
  const made = result as Partial<{ dispose: () => unknown; built: boolean }> | null | undefined;
  if (result instanceof SymbolicTensor) {
    // Not by way of a model, which refuses two layers of one name.
    for (const layer of layersBelow(result)) if (layer.built) layer.dispose();
  } else if (typeof made?.dispose === 'function') {
    // A layer without weights cannot be disposed of.
    if (made.built !== false) await made.dispose();
  } else if (Array.isArray(result)) for (const each of result) await disposeOf(each);
  else if (made != null && Object.getPrototypeOf(made) === Object.prototype) await disposeOf(Object.values(made));
}

/** The layers that a symbolic tensor comes through. */
function layersBelow(tensor: SymbolicTensor, found = new Set<Layer>()): Set<Layer> {
  if (found.has(tensor.sourceLayer)) return found;
  found.add(tensor.sourceLayer);
  for (const each of tensor.inputs) layersBelow(each, found);
  return found;
}

export interface WrongCall {
  /** Makes what is called. */
  readonly make: () => Promise<(...given: readonly unknown[]) => unknown>;
  readonly given: readonly unknown[];
  /** Whether an error of this message may come after work. */
  readonly mayBeLate: (message: string) => boolean;
  /** Gives back what `make` made. What the call left in it, such as an optimizer's state, goes with it. */
  readonly release: () => Promise<void>;
}

/** What is wrong with the way in which a call ended, or null. */
export async function faultOf({ make, given, mayBeLate, release }: WrongCall): Promise<string | null> {
  const tensors = tf.memory().numTensors;
  const call = await make();
  const kernelsBefore = kernels;
  const nextTensor = tf.tidy(() => tf.scalar(0).id);
  let error: unknown = null;
  let result: unknown;
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('it hangs')), 20_000);
    });
    result = await Promise.race([resultOf(call(...given)), late]);
  } catch (thrown) {
    error = thrown;
  } finally {
    clearTimeout(timer);
  }
  const work = kernels - kernelsBefore;
  if (error !== null && !(error instanceof Error)) return `throws ${String(error)}`;
  if (error instanceof Error && error.message !== 'of the user') {
    const { message } = error;
    if (raw.test(message)) return `raw: ${message}`;
    if (message === 'it hangs') return message;
    if (message.length > 2000) return `a message of ${message.length} characters`;
    // Where a file cannot be written is known when it is written.
    if (work > 0 && !mayBeLate(message) && !/^E[A-Z]+: /.test(message))
      return `late: after ${work} kernels, ${message}`;
  }
  // What a call gives back of its arguments is not its own.
  if (!given.includes(result) && !(result instanceof tf.Tensor && result.id < nextTensor)) await disposeOf(result);
  await release();
  const left = tf.memory().numTensors - tensors;
  if (left !== 0) return `${left} tensors stay behind, ${error instanceof Error ? error.message : 'without an error'}`;
  return null;
}
