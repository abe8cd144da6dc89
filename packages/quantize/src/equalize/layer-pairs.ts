/** Layers between which channels can be scaled so that the network answers as before. */
import type { NodeProto } from '@cnnzoo/onnx-format';
import { type Graph, intAttribute, isOutput, readersOf } from '../graph/graph.js';
import { floatsOf, sizeOf, wholeNumbersOf } from '../graph/tensors.js';
import { weightLayout } from '../graph/weight-layout.js';

/** A layer and the only one that reads it. */
export interface LayerPair {
  readonly first: NodeProto;
  readonly second: NodeProto;
  /** Of what the first makes and the second reads. */
  readonly channels: number;
}

export interface LayerPairs {
  readonly pairs: readonly LayerPair[];
  /** Operators behind a layer that forbid it, such as Clip: ReLU6. */
  readonly between: ReadonlySet<string>;
}

/** f(s x) = s f(x) for each positive s, channel by channel. */
const homogeneous: Readonly<Record<string, (graph: Graph, node: NodeProto) => boolean>> = {
  Relu: () => true,
  LeakyRelu: () => true,
  PRelu: ({ constants }, { input }) => constants.has(input[1] ?? ''),
  MaxPool: (_, { output }) => output.length === 1,
  AveragePool: () => true,
  GlobalAveragePool: () => true,
  GlobalMaxPool: () => true,
  Pad: padsMapsWithZeros,
  Flatten: (_, node) => intAttribute(node, 'axis', 1) === 1,
};

export function layerPairs(graph: Graph): LayerPairs {
  const readers = readersOf(graph);
  const between = new Set<string>();
  const pairs = graph.nodes.flatMap((first): LayerPair[] => {
    const channels = outputChannels(graph, first);
    if (channels === null) return [];
    for (let [value = ''] = first.output; !isOutput(graph, value); ) {
      const [reader, ...others] = readers.get(value) ?? [];
      // What reads a value twice, such as x * x, is no layer of one input.
      if (reader === undefined || others.length > 0 || reader.input.lastIndexOf(value) !== 0) break;
      if (reader.opType === 'Conv' || reader.opType === 'Gemm') {
        const fits = isFloat(graph, reader.input[1]) && weightLayout(graph, reader, channels)?.inputs === channels;
        return fits ? [{ first, second: reader, channels }] : [];
      }
      if (homogeneous[reader.opType]?.(graph, reader) !== true) {
        between.add(reader.opType);
        break;
      }
      [value = ''] = reader.output;
    }
    return [];
  });
  return { pairs, between };
}

/** Of a layer whose weights and bias are known. */
function outputChannels(graph: Graph, node: NodeProto): number | null {
  const [, weight, bias = ''] = node.input;
  const layout = weightLayout(graph, node, null);
  if (layout === null || !isFloat(graph, weight)) return null;
  const shifts = sizeOf(graph.constants.get(bias)?.dims ?? []);
  const fits = bias === '' || (isFloat(graph, bias) && (shifts === layout.outputs || shifts === 1));
  return fits ? layout.outputs : null;
}

function isFloat({ constants }: Graph, name = ''): boolean {
  const tensor = constants.get(name);
  return tensor !== undefined && floatsOf(tensor) !== null;
}

/** Around maps only: a channel of its own would move the others. */
function padsMapsWithZeros({ constants }: Graph, node: NodeProto): boolean {
  const [, padsName = '', valueName = '', ...axes] = node.input;
  const [pads, value] = [constants.get(padsName), constants.get(valueName)];
  const sizes = pads && wholeNumbersOf(pads);
  const isZero = valueName === '' || (value !== undefined && floatsOf(value)?.[0] === 0);
  return sizes?.length === 8 && sizes[1] === 0 && sizes[5] === 0 && axes.length === 0 && isZero;
}
