/**
 * Records what `model.predict` does, without running it: the inputs are placeholders, weights and other constants are leaves
 * that have their values.
 */
import { check, tensor } from '@cnnzoo/checks';
import type { DataType } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { trace } from '../engine/trace.js';
import type { LazyNode } from '../graph/node.js';
import { followCalls } from '../recording/follow-calls.js';
import { onBackend } from '../recording/on-backend.js';
import type { OnnxBackend } from '../tfjs/backend.js';
import type { RecordableModel } from './recordable-model.js';

export interface RecordingOptions {
  /** Pictures at once: the first axis of every input. */
  readonly batchSize: number;
  /** Without the batch, for models of one input whose own shape leaves axes open. */
  readonly inputShape?: readonly number[] | undefined;
}

export interface RecordedValue {
  /** The layer's name in the model. */
  readonly name: string;
  readonly node: LazyNode;
}

/**
 * The graph below `output`. `trace([output.node])` puts it in order: leaves are weights and other constants with their values and
 * layouts (also layers' own constants, and operations on them, which do not come from an input); the inputs are in `order`, without
 * an emission of their own. Values of leaves are kept and never overwritten as long as the recording is.
 */
export interface RecordedPrediction {
  readonly inputs: readonly RecordedValue[];
  /** The model's first output: the others are auxiliary heads. */
  readonly output: RecordedValue;
  /** The layer that recorded a node. */
  readonly layerOf: ReadonlyMap<LazyNode, string>;
}

/**
 * @param model any layers model; its weights may be on any backend
 * @param backend the one that is registered as `onnx`
 * @throws RangeError where an input's shape is open or does not fit; Error naming operation and layer where the model calls an
 *   operation that has no ONNX form, or reads what it computes
 */
export function recordPrediction(
  model: RecordableModel,
  options: RecordingOptions,
  backend: OnnxBackend,
): RecordedPrediction {
  const shapes = model.inputs.map((input) => concreteShape(model, input, options));
  return onBackend(() => {
    const layerOf = new Map<LazyNode, string>();
    const path: string[] = [];
    const restore = followCalls(model, path);
    try {
      return backend.recording(
        () => record(model, backend, shapes, layerOf),
        (node) => layerOf.set(node, path.at(-1) ?? model.name),
      );
    } finally {
      restore();
    }
  });
}

function record(
  model: RecordableModel,
  backend: OnnxBackend,
  shapes: readonly (readonly number[])[],
  layerOf: ReadonlyMap<LazyNode, string>,
): RecordedPrediction {
  const inputs: RecordedValue[] = [];
  let output: RecordedValue | undefined;
  tf.tidy(() => {
    const placeholders = model.inputs.map((input, i) => {
      const info = backend.makePlaceholder(shapes[i] ?? [], input.dtype as DataType);
      inputs.push({ name: model.inputNames[i] ?? input.name, node: backend.nodeOf(info) });
      return tf.engine().makeTensorFromTensorInfo(info);
    });
    const [only] = placeholders;
    const x = placeholders.length === 1 && only !== undefined ? only : placeholders;
    // tfjs cuts a batch into parts of 32 unless it is told not to.
    const [main] = [model.predict(x, { batchSize: shapes[0]?.[0] ?? 1 })].flat();
    if (main === undefined) throw new Error(`model '${model.name}' has no output`);
    check('the result of model.predict', main, tensor('a tensor, or several'));
    output = { name: model.outputNames[0] ?? 'output', node: backend.nodeOf(main) };
  });
  if (output === undefined) throw new Error(`model '${model.name}' has no output`);
  for (const { value } of trace([output.node]).leaves) if (value) value.pooled = false;
  return { inputs, output, layerOf };
}

/** The shape of an input with all axes known. */
function concreteShape(
  model: RecordableModel,
  input: RecordableModel['inputs'][number],
  { batchSize, inputShape }: RecordingOptions,
): readonly number[] {
  const [batch = null, ...own] = input.shape;
  if (inputShape !== undefined) {
    const fits =
      model.inputs.length === 1 &&
      inputShape.length === own.length &&
      inputShape.every((size, axis) => Number.isInteger(size) && size > 0 && size === (own[axis] ?? size));
    if (!fits)
      throw new RangeError(
        `inputShape is [${inputShape.join(', ')}], expected positive integers that fit input '${input.name}' of shape [${own.map((size) => size ?? 'any').join(', ')}] of a model with one input`,
      );
  }
  const shape = own.map((size, axis) => size ?? inputShape?.[axis]);
  if (!shape.every((size) => size !== undefined))
    throw new RangeError(
      `input '${input.name}' of model '${model.name}' has shape [${own.map((size) => size ?? 'any').join(', ')}]: say which with inputShape`,
    );
  if (batch !== null && batch !== batchSize)
    throw new RangeError(`batchSize is ${batchSize}, but model '${model.name}' was built for batches of ${batch}`);
  return [batchSize, ...shape];
}
