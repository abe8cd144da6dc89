import { shown } from '@cnnzoo/checks';
import type { LayerSpec, Shape } from './layer-spec.js';
import { readTfjsLayer, type TfjsLayer } from './read-tfjs-layer.js';

/** A tfjs SymbolicTensor as far as this package reads it. */
export interface SymbolicTensorLike {
  readonly id: number;
  readonly shape: readonly (number | null)[];
  readonly sourceLayer: object;
  readonly nodeIndex: number;
  readonly tensorIndex: number;
}

/** A tfjs LayersModel as far as this package reads it, so that tfjs need not be imported. */
export interface LayersModelLike {
  readonly name: string;
  readonly layers: readonly object[];
  readonly inputs: readonly SymbolicTensorLike[];
  readonly outputs: readonly SymbolicTensorLike[];
  getClassName?(): string;
}

/** One call of a layer. */
interface NodeLike {
  readonly inputTensors: readonly SymbolicTensorLike[];
  readonly outputTensors: readonly SymbolicTensorLike[];
}

type LayerLike = TfjsLayer & { readonly inboundNodes: readonly NodeLike[] };

/** Whether a value is a tfjs LayersModel rather than a list of layers. */
export function isLayersModel(network: unknown): network is LayersModelLike {
  return typeof network === 'object' && network !== null && 'layers' in network && Array.isArray(network.layers);
}

/**
 * Reads the layers of a tfjs LayersModel (functional or sequential, with models inside it) from what the objects say of themselves.
 * Layers come in the order in which they were built.
 *
 * @throws TypeError where the model is not built yet, or a layer's options are none this package knows
 */
export function readLayersModel(model: LayersModelLike): {
  name: string;
  layers: readonly LayerSpec[];
  inputShape: Shape | undefined;
  output: string | undefined;
} {
  const { inputs, outputs: ends }: Partial<LayersModelLike> = model;
  if (inputs === undefined || ends === undefined || ends.length === 0) {
    throw new TypeError(
      `the model ${shown(model.name)} has no inputs and outputs yet; give its first layer an inputShape`,
    );
  }
  const names = new Map<number, string>();
  const layers: LayerSpec[] = [];
  let inputShape: Shape | undefined;
  for (const tensor of inputs) {
    // An unknown height or width is no number, so that the caller is asked for an inputShape.
    const shape = tensor.shape.slice(1).map((size) => size ?? Number.NaN);
    const { name } = tensor.sourceLayer as LayerLike;
    // A sequential model has an input, but no layer for it.
    if (model.getClassName?.() === 'Sequential') {
      inputShape = shape;
      names.set(tensor.id, 'input');
    } else {
      layers.push({ type: 'Input', name, className: 'InputLayer', shape });
      names.set(tensor.id, name);
    }
  }
  const outputs = readCalls(model, names, '', new Map(), layers);
  return { name: model.name, layers, inputShape, output: outputs[0] };
}

/**
 * Appends the layers between the tensors known by name and the model's outputs; returns the outputs' names. A model inside the model is
 * read in place: its layers' names get the inner model's name in front.
 */
function readCalls(
  model: LayersModelLike,
  names: Map<number, string>,
  prefix: string,
  calls: Map<object, { count: number; name: string }>,
  layers: LayerSpec[],
): readonly string[] {
  for (const tensor of callsInOrder(model.outputs, names)) {
    const layer = tensor.sourceLayer as LayerLike;
    const { inputTensors, outputTensors } = nodeOf(tensor);
    const inputs = inputTensors.map(({ id }) => names.get(id) ?? '');
    const earlier = calls.get(layer);
    const count = (earlier?.count ?? 0) + 1;
    // A layer called for the second time is another row with the same weights.
    const name = `${prefix}${layer.name}${count > 1 ? `:${count}` : ''}`;
    calls.set(layer, { count, name: earlier?.name ?? name });
    if (isLayersModel(layer)) {
      const inner = new Map(layer.inputs.map((input, index) => [input.id, inputs[index] ?? '']));
      const outputs = readCalls(layer, inner, `${name}/`, calls, layers);
      for (const [index, output] of outputTensors.entries()) names.set(output.id, outputs[index] ?? '');
      continue;
    }
    const specs = readTfjsLayer(
      layer,
      inputTensors.map(({ shape }) => shape),
      tensor.shape,
    );
    let from = inputs;
    for (const [index, spec] of specs.entries()) {
      const own = index === 0 ? name : `${name}/${spec.type.toLowerCase()}`;
      layers.push({
        ...spec,
        name: own,
        inputs: from,
        trainable: layer.trainable,
        className: layer.getClassName(),
        ...(index > 0 ? { partOf: name } : {}),
        ...(earlier === undefined ? {} : { sharedWith: earlier.name }),
      });
      from = [own];
    }
    for (const output of outputTensors) names.set(output.id, from[0] ?? '');
  }
  return model.outputs.map(({ id }) => names.get(id) ?? '');
}

function nodeOf(tensor: SymbolicTensorLike): NodeLike {
  const layer = tensor.sourceLayer as LayerLike;
  const node = layer.inboundNodes[tensor.nodeIndex];
  if (node !== undefined && node.inputTensors.length > 0) return node;
  throw new TypeError(`the model's layer ${shown(layer.name)} has no input; it is no part of the model`);
}

/**
 * One output tensor of every call of a layer that the outputs depend on. tfjs numbers tensors as it makes them, so that their order is
 * the one in which the model was built, and none comes before its inputs. Without recursion: models have thousands of layers in a chain.
 */
function callsInOrder(
  outputs: readonly SymbolicTensorLike[],
  known: ReadonlyMap<number, string>,
): readonly SymbolicTensorLike[] {
  const tensors: SymbolicTensorLike[] = [];
  const seen = new Set(known.keys());
  const stack = [...outputs];
  for (let tensor = stack.pop(); tensor !== undefined; tensor = stack.pop()) {
    if (seen.has(tensor.id)) continue;
    const node = nodeOf(tensor);
    for (const { id } of node.outputTensors) seen.add(id);
    tensors.push(tensor);
    stack.push(...node.inputTensors);
  }
  return tensors.sort((a, b) => a.id - b.id);
}
