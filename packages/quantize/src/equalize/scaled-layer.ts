/** A layer whose channels get factors: its weights are written once, when all factors are known. */
import type { NodeProto } from '@cnnzoo/onnx-format';
import type { Graph } from '../graph/graph.js';
import { float32Tensor, floatsOf } from '../graph/tensors.js';
import { weightLayout } from '../graph/weight-layout.js';

export interface ScaledLayer {
  /** The largest absolute weight of each channel, with its factors. */
  outputRanges(): Float64Array;
  inputRanges(): Float64Array;
  /** Each channel's weights are multiplied by these. */
  scaleOutputs(factors: Float64Array): void;
  scaleInputs(factors: Float64Array): void;
  /** Gives the node weights and a bias of its own. */
  write(): void;
}

/**
 * @param outputChannels whether they get factors
 * @param inputChannels how many get factors, or null for none
 */
export function scaledLayer(
  graph: Graph,
  node: NodeProto,
  { outputChannels, inputChannels }: { readonly outputChannels: boolean; readonly inputChannels: number | null },
): ScaledLayer {
  const [weightName = '', biasName = ''] = node.input.slice(1);
  const tensor = graph.constants.get(weightName);
  const weights = tensor && floatsOf(tensor);
  const layout = weightLayout(graph, node, inputChannels);
  if (!tensor || !weights || layout === null) throw new RangeError(`node ${node.name} has no weights`);
  const { outputOf, inputOf } = layout;
  const outputs = new Float64Array(layout.outputs).fill(1);
  const inputs = new Float64Array(layout.inputs).fill(1);
  // Of channels without factors only the largest weight of all matters: a matrix of all could be larger than the network.
  const [rows, columns] = [outputChannels ? layout.outputs : 1, inputChannels === null ? 1 : layout.inputs];
  const largest = new Float32Array(rows * columns);
  for (let i = 0; i < weights.length; i++) {
    const at = (outputChannels ? outputOf(i) * columns : 0) + (inputChannels === null ? 0 : inputOf(i));
    const size = Math.abs(weights[i] as number);
    if (size > (largest[at] as number)) largest[at] = size;
  }
  const ranges = (count: number, channelOf: (row: number, column: number) => number) => {
    const found = new Float64Array(count);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const channel = channelOf(row, column);
        const size = (largest[row * columns + column] ?? 0) * (outputs[row] ?? 1) * (inputs[column] ?? 1);
        if (size > (found[channel] ?? 0)) found[channel] = size;
      }
    return found;
  };
  const scale = (all: Float64Array, factors: Float64Array) => {
    for (const [channel, factor] of factors.entries()) all[channel] = (all[channel] ?? 1) * factor;
  };
  return {
    outputRanges: () => ranges(rows, (row) => row),
    inputRanges: () => ranges(columns, (_, column) => column),
    scaleOutputs: (factors) => scale(outputs, factors),
    scaleInputs: (factors) => scale(inputs, factors),
    write() {
      const [input = ''] = node.input;
      const scaled = weights.map((weight, i) => weight * (outputs[outputOf(i)] ?? 1) * (inputs[inputOf(i)] ?? 1));
      const own = `${node.output[0]}_equalized`;
      graph.constants.set(`${own}_weight`, float32Tensor(`${own}_weight`, tensor.dims, scaled));
      const bias = graph.constants.get(biasName);
      const shifts = bias && floatsOf(bias);
      if (bias === undefined || !shifts) {
        node.input = [input, `${own}_weight`, ...node.input.slice(2)];
        return;
      }
      // A bias of a product may be one number for all units.
      const units = Float32Array.from(outputs, (factor, i) => factor * (shifts[shifts.length === 1 ? 0 : i] ?? 0));
      graph.constants.set(`${own}_bias`, float32Tensor(`${own}_bias`, [units.length], units));
      node.input = [input, `${own}_weight`, `${own}_bias`];
    },
  };
}
