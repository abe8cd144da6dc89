/** What a prediction can be recorded of: models of tfjs-layers, and of tfjs-converter, whose package is not needed for them. */
import { check, rule } from '@cnnzoo/checks';
import type { DataType, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';

/** A `GraphModel` of `@tensorflow/tfjs-converter`, as `loadGraphModel` gives it. */
export interface GraphModel {
  readonly inputs: readonly { readonly name: string; readonly shape?: readonly number[]; readonly dtype: DataType }[];
  readonly outputs: readonly { readonly name: string }[];
  predict(inputs: Tensor | Tensor[]): Tensor | Tensor[] | NamedTensorMap;
}

/** A layers model, or what looks like one. */
export interface RecordableModel {
  readonly name: string;
  /** Axes that are open are null. */
  readonly inputs: readonly {
    readonly name: string;
    readonly shape: readonly (number | null)[];
    readonly dtype?: DataType;
  }[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly layers: readonly layers.Layer[];
  predict(inputs: Tensor | Tensor[], options: { batchSize: number }): Tensor | Tensor[];
  getUserDefinedMetadata(): object;
  setUserDefinedMetadata(metadata: object): void;
}

/** Names in a TensorFlow graph end with the number of the result: `input:0`. */
const withoutNumber = (name: string) => name.replace(/:\d+$/, '');

const isNamed = (value: unknown): value is { readonly name: string } =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string';

const isSize = (size: unknown) => size === null || typeof size === 'number';

const graphModel = rule<GraphModel>('a GraphModel, whose inputs and outputs have names', (value) => {
  const { inputs, outputs } = value as { inputs: unknown[]; outputs: unknown[] };
  const isInput = (input: unknown) => {
    const { shape, dtype } = (input ?? {}) as { shape?: unknown; dtype?: unknown };
    return (
      isNamed(input) && typeof dtype === 'string' && (shape == null || (Array.isArray(shape) && shape.every(isSize)))
    );
  };
  return inputs.every(isInput) && outputs.every(isNamed);
});

function isGraphModel(model: LayersModel | GraphModel): model is GraphModel {
  return !('layers' in model) && Array.isArray(model.inputs) && Array.isArray(model.outputs);
}

function tensorsOf(results: Tensor | Tensor[] | NamedTensorMap): Tensor[] {
  if (Array.isArray(results)) return results;
  return 'dataId' in results ? [results as Tensor] : Object.values(results as NamedTensorMap);
}

/** @param rank of an input whose shape the graph does not tell, with the batch */
export function recordable(model: LayersModel | GraphModel, rank = 4): RecordableModel {
  const given: unknown = model;
  if (typeof given !== 'object' || given === null || !isGraphModel(model)) return model as LayersModel;
  check('model', model, graphModel);
  const inputs = model.inputs.map(({ name, shape, dtype }) => ({
    name: withoutNumber(name),
    shape: shape?.map((size) => (size === null || size < 0 ? null : size)) ?? new Array<null>(rank).fill(null),
    dtype,
  }));
  return {
    name: 'graph_model',
    inputs,
    inputNames: inputs.map(({ name }) => name),
    outputNames: model.outputs.map(({ name }) => withoutNumber(name)),
    layers: [],
    predict: (x) => tensorsOf(model.predict(x)),
    // A graph model says nothing of itself.
    getUserDefinedMetadata: () => ({}),
    setUserDefinedMetadata: () => undefined,
  };
}
