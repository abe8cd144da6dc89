import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

export type Layer = layers.Layer;

/** Options that a layer was called with when its model was built. */
type CallOptions = Parameters<Layer['apply']>[1];

/**
 * Computes something for a tensor of a model from what is known of others, layer by layer: shapes, real tensors, or the symbolic
 * tensors of another model.
 * @param output of the model's graph
 * @param known values by the id of their symbolic tensor; what lies before them is not visited
 * @param apply a layer's values of its outputs from those of its inputs
 */
export function walkGraph<Value>(
  output: SymbolicTensor,
  known: ReadonlyMap<number, Value>,
  apply: (layer: Layer, inputs: Value[], options: CallOptions) => Value[],
): Value {
  const values = new Map(known);
  // A stack of our own: networks are thousands of layers deep.
  const stack = [output];
  for (let tensor = stack.at(-1); tensor !== undefined; tensor = stack.at(-1)) {
    const { sourceLayer: layer } = tensor;
    if (values.has(tensor.id)) {
      stack.pop();
      continue;
    }
    if (layer.getClassName() === 'InputLayer') throw new RangeError(`nothing is known of input ${layer.name}`);
    const node = layer.inboundNodes[tensor.nodeIndex];
    if (node === undefined) throw new RangeError(`layer ${layer.name} was never called`);
    const missing = node.inputTensors.filter(({ id }) => !values.has(id));
    if (missing.length > 0) {
      stack.push(...missing);
      continue;
    }
    const results = apply(
      layer,
      node.inputTensors.map(({ id }) => values.get(id) as Value),
      node.callArgs,
    );
    node.outputTensors.forEach((each, i) => {
      values.set(each.id, results[i] as Value);
    });
  }
  return values.get(output.id) as Value;
}

/** The inputs of the layer call that made a tensor. */
export function inputsOf(tensor: SymbolicTensor): readonly SymbolicTensor[] {
  if (tensor.sourceLayer.getClassName() === 'InputLayer') return [];
  return tensor.sourceLayer.inboundNodes[tensor.nodeIndex]?.inputTensors ?? [];
}

/** The only input of the layer call that made a tensor. @throws RangeError where it has several, or none */
export function onlyInputOf(tensor: SymbolicTensor, why: string): SymbolicTensor {
  const [first, ...others] = inputsOf(tensor);
  if (first === undefined || others.length > 0)
    throw new RangeError(
      `${why}: layer '${tensor.sourceLayer.name}' has ${first === undefined ? 'no input' : `${others.length + 1} inputs`}, expected one`,
    );
  return first;
}
