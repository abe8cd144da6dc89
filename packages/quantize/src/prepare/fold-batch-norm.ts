/** Batch normalization after a convolution becomes part of its weights: y = (conv(x) - mean) * gamma / sqrt(variance + epsilon) + beta. */
import type { NodeProto } from '@cnnzoo/onnx-format';
import { floatAttribute, type Graph, intAttribute, isOutput, makersOf, readersOf } from '../graph/graph.js';
import { float32Tensor, floatsOf } from '../graph/tensors.js';

export function foldBatchNorm(graph: Graph): void {
  const makers = makersOf(graph);
  const readers = readersOf(graph);
  for (const norm of graph.nodes.filter(({ opType }) => opType === 'BatchNormalization')) {
    const [x = ''] = norm.input;
    const convolution = makers.get(x);
    if (convolution?.opType !== 'Conv' && convolution?.opType !== 'ConvTranspose') continue;
    if (isOutput(graph, x) || readers.get(x)?.length !== 1 || norm.output.length !== 1) continue;
    if (!fold(graph, convolution, norm)) continue;
    convolution.output = norm.output;
    makers.set(norm.output[0] ?? '', convolution);
    graph.nodes = graph.nodes.filter((node) => node !== norm);
  }
}

/** @returns false where the numbers are not known */
function fold({ constants }: Graph, convolution: NodeProto, norm: NodeProto): boolean {
  const [x = '', weightName = '', biasName] = convolution.input;
  const valuesOf = (name: string | undefined) => {
    const tensor = name === undefined ? undefined : constants.get(name);
    return tensor === undefined ? null : floatsOf(tensor);
  };
  const [weight, weights] = [constants.get(weightName), valuesOf(weightName)];
  const [gamma, beta, mean, variance] = norm.input.slice(1).map(valuesOf);
  const bias = biasName ? valuesOf(biasName) : undefined;
  if (!weight || !weights || !gamma || !beta || !mean || !variance || bias === null) return false;
  const epsilon = floatAttribute(norm, 'epsilon', 1e-5);
  const factors = gamma.map((each, channel) => each / Math.sqrt((variance[channel] ?? 0) + epsilon));
  const channels = factors.length;
  const groups = convolution.opType === 'Conv' ? 1 : intAttribute(convolution, 'group', 1);
  if (groups !== 1) return false;
  const inner = weight.dims.slice(2).reduce((product, size) => product * size, 1);
  const channelOf =
    convolution.opType === 'Conv'
      ? (i: number) => Math.floor(i / (inner * (weight.dims[1] ?? 1)))
      : (i: number) => Math.floor(i / inner) % channels;
  const folded = weights.map((value, i) => value * (factors[channelOf(i)] ?? 1));
  const shifted = beta.map(
    (each, channel) => ((bias?.[channel] ?? 0) - (mean[channel] ?? 0)) * (factors[channel] ?? 1) + each,
  );
  const [w, b] = [`${norm.output[0]}_weight`, `${norm.output[0]}_bias`];
  constants.set(w, float32Tensor(w, weight.dims, folded));
  constants.set(b, float32Tensor(b, [channels], shifted));
  convolution.input = [x, w, b];
  return true;
}
