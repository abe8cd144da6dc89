/**
 * How far integers shift the mean of each output channel: the mean of what a layer makes in float less that of what it makes of rounded inputs and weights, on the
 * calibration images. Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019), section 4.2 and appendix D, with each layer
 * compared on its inputs in float: the layers before it have been corrected, too, so that their means are those.
 */
import { type OnnxFileSignature, openOnnxGraph } from '@cnnzoo/backend-onnx';
import { dataTypes, type GraphProto, type NodeProto } from '@cnnzoo/onnx-format';
import { type CalibrationImages, imageBatches } from '../calibrate/image-batches.js';
import { encodeGraph } from '../graph/encode-graph.js';
import { floatAttribute, node } from '../graph/graph.js';
import { float32Tensor, integerTensor } from '../graph/tensors.js';
import type { PreparedGraph } from '../prepare/prepare.js';
import type { Plan } from '../qdq/plan.js';
import { dequantized, quantizeWeights } from '../qdq/quantized-weights.js';
import type { IntegerRange, Scale } from '../qdq/scale.js';
import { constantOf, scaleOfValue, scalesOfWeights } from '../qdq/scales-of-plan.js';

export interface QuantizedGraph {
  readonly prepared: PreparedGraph;
  readonly plan: Plan;
  /** Of the values that have their own. */
  readonly scales: ReadonlyMap<string, Scale>;
  readonly weights: IntegerRange;
}

/**
 * @param images that can be repeated: calibration has read them once
 * @returns by name of the node what has to be added to its bias, for each output channel
 */
export async function biasErrors(
  quantized: QuantizedGraph,
  signature: OnnxFileSignature,
  images: CalibrationImages,
): Promise<Map<string, Float64Array>> {
  const { prepared, plan } = quantized;
  const layers = plan.biases.map((bias) => bias.node);
  const session = openOnnxGraph(encodeGraph(besideIntegers(quantized, layers), prepared.opset));
  const sums = new Map<string, Float64Array>();
  let count = 0;
  try {
    for await (const batch of imageBatches(images, signature)) {
      const errors = session.fetch(new Map([[signature.input, batch]]), layers.map(errorOf));
      count += batch.dims[0] ?? 1;
      for (const layer of layers) {
        const { data = [], dims = [] } = errors.get(errorOf(layer)) ?? {};
        const channels = dims[1] ?? 0;
        const sum = sums.get(layer.name) ?? new Float64Array(channels);
        for (let i = 0; i < data.length; i++) sum[i % channels] = (sum[i % channels] ?? 0) + Number(data[i]);
        sums.set(layer.name, sum);
      }
    }
  } finally {
    session.dispose();
  }
  return new Map(
    layers.map((layer) => {
      const beta = layer.opType === 'Gemm' ? floatAttribute(layer, 'beta', 1) : 1;
      return [layer.name, (sums.get(layer.name) ?? new Float64Array()).map((sum) => sum / count / beta)];
    }),
  );
}

const errorOf = ({ name }: NodeProto) => `${name}/error`;

/** The graph in float with each layer a second time, of rounded inputs and weights, whose outputs are the differences: of maps, their means. */
function besideIntegers(
  { prepared: { graph }, plan, scales, weights }: QuantizedGraph,
  layers: readonly NodeProto[],
): GraphProto {
  const constants = new Map(graph.constants);
  const nodes: NodeProto[] = [];
  const weightScales = scalesOfWeights(graph, plan, scales, weights);
  const rounded = new Map<string, string>();
  const roundedInput = (name: string): string => {
    const known = rounded.get(name);
    if (known !== undefined) return known;
    const { scale, zeroPoint } = scaleOfValue(plan, scales, name);
    const own = `${name}/rounded`;
    const [scaleName, zero, integers] = [`${own}/scale`, `${own}/zero`, `${own}/integers`];
    constants.set(scaleName, float32Tensor(scaleName, [], Float32Array.of(scale)));
    constants.set(zero, integerTensor(zero, [], Uint8Array.of(zeroPoint)));
    nodes.push(
      node('QuantizeLinear', integers, [name, scaleName, zero], [integers]),
      node('DequantizeLinear', own, [integers, scaleName, zero], [own]),
    );
    rounded.set(name, own);
    return own;
  };
  for (const layer of layers) {
    const [input = '', weight = '', bias = ''] = layer.input;
    const [output = ''] = layer.output;
    const [own, copy] = [`${weight}/rounded`, `${layer.name}/of_integers`];
    const tensor = constantOf(graph, weight);
    const { axis = null } = plan.weights.get(weight) ?? {};
    const integers = quantizeWeights(tensor, axis, weightScales.get(weight) ?? []);
    constants.set(own, float32Tensor(own, tensor.dims, dequantized(integers)));
    nodes.push({ ...layer, name: copy, input: [roundedInput(input), own, bias], output: [copy] });
    const error = errorOf(layer);
    const isMap = layer.opType !== 'Gemm';
    const difference = isMap ? `${error}/map` : error;
    nodes.push(node('Sub', difference, [output, copy], [difference]));
    if (isMap) nodes.push(node('GlobalAveragePool', error, [difference], [error]));
  }
  return {
    name: 'bias-errors',
    node: [...graph.nodes, ...nodes],
    initializer: [...constants.values()],
    input: graph.inputs,
    output: layers.map((layer) => ({
      name: errorOf(layer),
      type: { tensorType: { elemType: dataTypes.float32 } },
    })) as GraphProto['output'],
  };
}
