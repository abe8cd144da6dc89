import type { Shape } from '../layer-spec.js';
import type { LayerSummary, ModelSummary } from '../summarize.js';

/** A column of the drawing: one layer with what follows it without weights or window, or all layers on maps of one size. */
interface Stage {
  /** The feature map (or vector) that comes out. */
  readonly outputShape: Shape;
  /** What is in it, e.g. `3 × conv 3×3`. */
  readonly lines: readonly string[];
  readonly params: number;
  readonly macs: number;
}

function isWindow({ kernel, type, params }: LayerSummary): boolean {
  return kernel !== null || params > 0 || /Pool2d$/.test(type);
}

/** Layers that get a line of their own: batch norms belong to the convolution before them, adaptive pooling may have nothing to do. */
function isNamed(layer: LayerSummary): boolean {
  const idle = layer.type.startsWith('Adaptive') && String(layer.outputShape) === String(layer.inputShapes[0]);
  return isWindow(layer) && !layer.type.startsWith('BatchNorm') && !idle;
}

function describe({ type, kernel, className, outputShape }: LayerSummary): string {
  const window = kernel === null ? '' : ` ${kernel.size.join('×')}`;
  if (/^Conv2d/.test(type)) return `conv${window}`;
  if (type === 'ConvTranspose2d') return `transposed conv${window}`;
  if (type === 'MaxPool2d') return `max pool${window}`;
  if (type === 'AvgPool2d') return `average pool${window}`;
  if (/Pool2d$/.test(type)) return outputShape.length === 3 && outputShape[0] !== 1 ? 'adaptive pool' : 'global pool';
  if (type === 'Linear') return 'linear';
  return className ?? type;
}

/** Every named layer a column, with its stride. */
function byLayer(layers: readonly LayerSummary[]): readonly Stage[] {
  const stages: Stage[] = [];
  for (const layer of layers) {
    const last = stages[stages.length - 1];
    if (!isNamed(layer) && last !== undefined) {
      // The map is shown as it was before it was flattened.
      const outputShape = layer.outputShape.length < last.outputShape.length ? last.outputShape : layer.outputShape;
      stages[stages.length - 1] = {
        ...last,
        outputShape,
        params: last.params + layer.params,
        macs: last.macs + layer.macs,
      };
      continue;
    }
    const [vertical = 1, horizontal = 1] = layer.kernel?.stride ?? [];
    const stride =
      vertical === 1 && horizontal === 1
        ? []
        : [`stride ${vertical === horizontal ? vertical : `${vertical}×${horizontal}`}`];
    const lines = [describe(layer), ...stride];
    stages.push({ outputShape: layer.outputShape, lines, params: layer.params, macs: layer.macs });
  }
  return stages;
}

/** Of the maps of a group the last with the most channels: the module's output, not a branch of it or the reduction that begins the next. */
function widest(group: readonly LayerSummary[]): Shape {
  const last = group[group.length - 1];
  if (last?.outputShape.length === 1) return last.outputShape;
  const channels = ({ outputShape }: LayerSummary) => (outputShape.length === 3 ? (outputShape[2] ?? 0) : 0);
  const most = Math.max(...group.map(channels));
  return group.findLast((layer) => channels(layer) === most)?.outputShape ?? [];
}

/** All layers whose maps have one size a column, and all vectors the last one; what is in them is counted. */
function bySize(layers: readonly LayerSummary[]): readonly Stage[] {
  const groups: LayerSummary[][] = [];
  const sizeOf = ({ outputShape }: LayerSummary) =>
    outputShape.length === 3 && outputShape[0] !== 1 ? outputShape.slice(0, 2).join() : 'vector';
  const byKey = new Map<string, LayerSummary[]>();
  for (const layer of layers) {
    const key = sizeOf(layer);
    const group = byKey.get(key) ?? [];
    if (group.length === 0) {
      byKey.set(key, group);
      groups.push(group);
    }
    group.push(layer);
  }
  return groups.map((group) => {
    const counts = new Map<string, number>();
    for (const layer of group) if (isNamed(layer)) counts.set(describe(layer), (counts.get(describe(layer)) ?? 0) + 1);
    const lines = [...counts].map(([what, count]) => (count === 1 ? what : `${count} × ${what}`));
    const sum = (of: (layer: LayerSummary) => number) => group.reduce((total, layer) => total + of(layer), 0);
    return {
      outputShape: widest(group),
      lines: lines.length > 4 ? [...lines.slice(0, 3), `${lines.length - 3} more kinds`] : lines,
      params: sum((layer) => layer.params),
      macs: sum((layer) => layer.macs),
    };
  });
}

/** The columns of a network's drawing: its layers where they are few, otherwise its stages. Auxiliary heads are left out. */
export function stagesOf(summary: ModelSummary): readonly Stage[] {
  const layers = summary.layers.filter(({ auxiliary }) => !auxiliary);
  return layers.filter(isNamed).length <= 14 ? byLayer(layers) : bySize(layers);
}
