/** The mean over height and width becomes GlobalAveragePool, which has an 8-bit kernel. */

import { type Graph, intAttribute, intsAttribute, makersOf, node } from '../graph/graph.js';
import { wholeNumbersOf } from '../graph/tensors.js';

const ofImages = new Set(['Conv', 'ConvTranspose', 'MaxPool', 'AveragePool', 'BatchNormalization']);
const keepsRank = new Set(['Relu', 'Clip', 'Add', 'Concat', 'LeakyRelu', 'Sigmoid', 'Mul', 'Pad']);

export function globalPooling(graph: Graph): void {
  const makers = makersOf(graph);
  graph.nodes = graph.nodes.flatMap((mean) => {
    if (mean.opType !== 'ReduceMean' || !isImage(mean.input[0] ?? '', makers)) return [mean];
    const axes = intsAttribute(mean, 'axes') ?? axesInput(graph, mean.input[1]);
    const spatial = axes?.map((axis) => (axis < 0 ? axis + 4 : axis)).sort((a, b) => a - b);
    if (spatial?.join() !== '2,3') return [mean];
    const [x = ''] = mean.input;
    const [y = ''] = mean.output;
    if (intAttribute(mean, 'keepdims', 1) === 1) return [node('GlobalAveragePool', mean.name, [x], [y])];
    const pooled = `${y}_pooled`;
    return [
      node('GlobalAveragePool', mean.name, [x], [pooled]),
      // [batch, channels, 1, 1] to [batch, channels].
      node('Flatten', `${mean.name}_flatten`, [pooled], [y]),
    ];
  });
}

/** Since version 18 the axes are an input. */
function axesInput({ constants }: Graph, name = ''): number[] | undefined {
  const tensor = constants.get(name);
  return (tensor && wholeNumbersOf(tensor)) ?? undefined;
}

/** Whether a value has the axes [batch, channels, height, width] for sure. */
export function isImage(name: string, makers: ReturnType<typeof makersOf>): boolean {
  const maker = makers.get(name);
  if (maker === undefined) return false;
  if (ofImages.has(maker.opType)) return true;
  return keepsRank.has(maker.opType) && isImage(maker.input[0] ?? '', makers);
}
