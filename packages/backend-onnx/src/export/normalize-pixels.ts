/** Preprocessing inside the graph: pixels from 0 to 255 become what the network was trained on. */
import type { Emission } from '../graph/emission.js';
import type { Layout } from '../graph/layout.js';
import { onnxType } from '../graph/onnx-model.js';
import type { Preprocess } from '../prediction/emit-prediction.js';

/** (pixel / 255 - mean) / std, as one product and one sum: pixel / (255 std) - mean / std. */
export function normalizePixels(mean: readonly number[], std: readonly number[]): Preprocess {
  const emit = (graph: Emission, input: string, layout: Layout): string => {
    const dims = layout === 'channelsFirst' ? [mean.length, 1, 1] : [mean.length];
    const vector = (value: (channel: number) => number) =>
      graph.tensor(
        'float32',
        mean.map((_, channel) => value(channel)),
        dims,
      );
    const scale = vector((channel) => 1 / (255 * (std[channel] ?? 1)));
    const shift = vector((channel) => -(mean[channel] ?? 0) / (std[channel] ?? 1));
    const pixels = graph.op('Cast', [input], { to: onnxType.float32 });
    return graph.op('Add', [graph.op('Mul', [pixels, scale]), shift]);
  };
  return { type: 'uint8', emit };
}
