/** The answer to a request for an inference. */
import type { RunningModel } from '../models/running-model.js';
import { bytesOfFloats, bytesOfTexts } from './datatypes.js';
import type { Inference } from './infer-request.js';

export interface InferAnswer {
  readonly head: object;
  /** The bytes behind it; null where all is in the JSON. */
  readonly binary: Buffer | null;
}

export function inferAnswer(model: RunningModel, { id, count, output }: Inference, outputs: Float32Array): InferAnswer {
  const { name, version, outputSize, classifier } = model;
  const texts = output.classification > 0 ? classesAsTexts(model, count, output.classification, outputs) : null;
  const tensor = {
    name: classifier.network.output,
    datatype: texts === null ? 'FP32' : 'BYTES',
    shape: [count, texts === null ? outputSize : output.classification],
  };
  const head = { model_name: name, model_version: version, ...(id !== undefined && { id }) };
  if (!output.binary) {
    const data = texts ?? Array.from(outputs, jsonNumber);
    return { head: { ...head, outputs: [{ ...tensor, data }] }, binary: null };
  }
  const binary = texts === null ? bytesOfFloats(outputs) : bytesOfTexts(texts);
  const parameters = { binary_data_size: binary.length };
  return { head: { ...head, outputs: [{ ...tensor, parameters }] }, binary };
}

/** JSON has no numbers for these: a network that gives them is broken, which its client should see. */
function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** As Triton's classification extension writes them: value, index and label. */
function classesAsTexts(model: RunningModel, count: number, classes: number, outputs: Float32Array): string[] {
  const { categories } = model.classifier;
  return Array.from({ length: count }, (_, image) => {
    const row = outputs.subarray(image * model.outputSize, (image + 1) * model.outputSize);
    const order = Array.from(row.keys()).sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0) || a - b);
    return order.slice(0, classes).map((index) => `${row[index]?.toFixed(6)}:${index}:${categories[index]}`);
  }).flat();
}
