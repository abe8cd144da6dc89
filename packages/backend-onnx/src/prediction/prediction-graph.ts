/** A model's prediction as one portable ONNX graph with its weights inside, as exports and frozen models take it. */
import type { Layout } from '../graph/layout.js';
import type { GraphProto } from '../graph/onnx-model.js';
import type { OnnxBackend } from '../tfjs/backend.js';
import { probeBatchSizes, withDynamicBatch } from './dynamic-batch.js';
import { type EmittedPrediction, emitPrediction, type Preprocess } from './emit-prediction.js';
import { recordPrediction } from './record-prediction.js';
import type { RecordableModel } from './recordable-model.js';

export interface PredictionOptions {
  /** Images at once, or any number of them. */
  readonly batchSize: number | 'dynamic';
  /** Without the batch, for models of one input whose own shape leaves axes open. */
  readonly inputShape?: readonly number[] | undefined;
  /** How inputs and outputs of rank 4 are laid out. */
  readonly layout: Layout;
  /** The version of ONNX's operators. */
  readonly opset: number;
  /** What an input is outside of the graph; null where it is the model's own. */
  readonly preprocess: Preprocess | null;
}

/**
 * @param model on any backend; it is not run
 * @param backend on which it is recorded
 * @throws RangeError for a shape that does not fit, and for a model that has no graph for all batch sizes; Error naming operation and
 *   layer where the model calls what has no ONNX form
 */
export function predictionGraph(
  model: RecordableModel,
  backend: OnnxBackend,
  { batchSize, inputShape, ...emission }: PredictionOptions,
): GraphProto {
  const emitted = (size: number): EmittedPrediction =>
    emitPrediction(recordPrediction(model, { batchSize: size, inputShape }, backend), emission);
  if (batchSize !== 'dynamic') return emitted(batchSize).graph;
  const fixed = model.inputs.find(({ shape }) => shape[0] !== null);
  if (fixed)
    throw new RangeError(
      `batchSize is 'dynamic', but input '${fixed.name}' was built for batches of ${fixed.shape[0]}: give that number`,
    );
  const [first, second] = probeBatchSizes;
  return withDynamicBatch([emitted(first), emitted(second)]);
}
