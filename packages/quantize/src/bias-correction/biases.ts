/** Biases that are corrected: each convolution and product has one of its own. */

import type { Graph } from '../graph/graph.js';
import { float32Tensor, floatsOf } from '../graph/tensors.js';
import { weightLayout } from '../graph/weight-layout.js';
import type { Plan } from '../qdq/plan.js';

/** Zeros where there was none. What is no constant, or is no number for each output channel, stays as it is. */
export function giveBiases(graph: Graph): void {
  for (const node of graph.nodes) {
    const layout = weightLayout(graph, node, null);
    const [input = '', weight = '', bias = ''] = node.input;
    if (layout === null) continue;
    const known = graph.constants.get(bias);
    const values = known && floatsOf(known);
    if (bias !== '' && values?.length !== layout.outputs) continue;
    const own = `${node.output[0]}_own_bias`;
    graph.constants.set(own, float32Tensor(own, [layout.outputs], values ?? new Float32Array(layout.outputs)));
    node.input = [input, weight, own];
  }
}

/**
 * @param graph whose layers have biases of their own
 * @param plan of the layers that are quantized: others stay as they are
 * @param errors by name of the node
 */
export function correctBiases({ constants }: Graph, { biases }: Plan, errors: ReadonlyMap<string, Float64Array>): void {
  for (const { node, name } of biases) {
    const [error, tensor] = [errors.get(node.name), constants.get(name)];
    const values = tensor && floatsOf(tensor);
    if (error === undefined || tensor === undefined || !values) continue;
    constants.set(
      name,
      float32Tensor(
        name,
        tensor.dims,
        values.map((value, channel) => value + (error[channel] ?? 0)),
      ),
    );
  }
}
