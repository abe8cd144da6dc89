/**
 * Records what a function of tensors does, without running it: its inputs are placeholders, and so are the variables that it reads and
 * assigns to. What they hold at its end are results, too.
 */
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { trace } from '../engine/trace.js';
import type { LazyNode } from '../graph/node.js';
import { followCalls } from '../recording/follow-calls.js';
import { assignQuietly } from '../tfjs/assignments.js';
import type { OnnxBackend } from '../tfjs/backend.js';

/** A function of tensors and of variables. It reads no numbers. */
export interface Computation {
  /** Its layers: operations and errors are named by them. */
  readonly model: LayersModel;
  readonly inputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly dtype: DataType }>>;
  /** All variables that it assigns to, and others that are not to be constants. */
  readonly state: Readonly<Record<string, tf.Variable>>;
  readonly compute: (inputs: Readonly<Record<string, tf.Tensor>>) => Readonly<Record<string, tf.Tensor>>;
}

interface RecordedInput {
  readonly name: string;
  readonly node: LazyNode;
}

interface RecordedState extends RecordedInput {
  readonly variable: tf.Variable;
  /** What the variable holds at the end; `node` where it is not assigned to. */
  readonly result: LazyNode;
}

export interface RecordedComputation {
  readonly inputs: readonly RecordedInput[];
  readonly state: readonly RecordedState[];
  readonly results: readonly RecordedInput[];
  /** The layer that recorded a node. */
  readonly layerOf: ReadonlyMap<LazyNode, string>;
}

/**
 * @param backend the one that is registered as `onnx`, and in use
 * @throws Error naming operation and layer where something is called that has no ONNX form, or numbers are read
 */
export function recordComputation(computation: Computation, backend: OnnxBackend): RecordedComputation {
  const layerOf = new Map<LazyNode, string>();
  const path: string[] = [];
  const restore = followCalls(computation.model, path);
  try {
    return backend.recording(
      () => ({ ...record(computation, backend), layerOf }),
      (node) => layerOf.set(node, path.at(-1) ?? computation.model.name),
    );
  } finally {
    restore();
  }
}

function record(
  { inputs, state, compute }: Computation,
  backend: OnnxBackend,
): Pick<RecordedComputation, 'inputs' | 'state' | 'results'> {
  const nodeOf = (info: TensorInfo) => backend.nodeOf(info);
  const symbolic = (shape: readonly number[], dtype: DataType) =>
    tf.engine().makeTensorFromTensorInfo(backend.makePlaceholder(shape, dtype));
  let recorded: Pick<RecordedComputation, 'inputs' | 'state' | 'results'> = { inputs: [], state: [], results: [] };
  tf.tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, dtype }]) => [name, symbolic(shape, dtype)]),
    );
    const variables = Object.entries(state).map(([name, variable]) => ({
      name,
      variable,
      before: tf.clone(variable),
      placeholder: symbolic(variable.shape, variable.dtype),
    }));
    try {
      for (const { variable, placeholder } of variables) assignQuietly(variable, placeholder);
      const results = compute(tensors);
      recorded = {
        inputs: Object.entries(tensors).map(([name, tensor]) => ({ name, node: nodeOf(tensor) })),
        state: variables.map(({ name, variable, placeholder }) => ({
          name,
          variable,
          node: nodeOf(placeholder),
          result: nodeOf(variable),
        })),
        results: Object.entries(results).map(([name, tensor]) => ({ name, node: nodeOf(tensor) })),
      };
    } finally {
      for (const { variable, before } of variables) assignQuietly(variable, before);
    }
  });
  for (const { value } of trace(rootsOf(recorded)).leaves) if (value) value.pooled = false;
  return recorded;
}

/** The results, those of the state included. */
export function rootsOf({ state, results }: Pick<RecordedComputation, 'state' | 'results'>): LazyNode[] {
  const changed = state.filter(({ node, result }) => node !== result);
  return [...results.map(({ node }) => node), ...changed.map(({ result }) => result)];
}
