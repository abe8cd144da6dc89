import type { Shape } from '../layer-spec.js';
import type { LayerSummary, ModelSummary } from '../summarize.js';
import { thousands } from './numbers.js';

/** Keras's classes for layers that were not read from a model. */
const kerasClasses: Readonly<Record<string, string>> = {
  Conv2d: 'Conv2D',
  ConvTranspose2d: 'Conv2DTranspose',
  MaxPool2d: 'MaxPooling2D',
  AvgPool2d: 'AveragePooling2D',
  GlobalAvgPool2d: 'GlobalAveragePooling2D',
  GlobalMaxPool2d: 'GlobalMaxPooling2D',
  ZeroPad2d: 'ZeroPadding2D',
  Upsample: 'UpSampling2D',
  Linear: 'Dense',
  BatchNorm1d: 'BatchNormalization',
  BatchNorm2d: 'BatchNormalization',
  Concat: 'Concatenate',
};

interface Row {
  readonly name: string;
  readonly className: string;
  readonly inputs: readonly string[];
  readonly params: number;
  outputShape: string;
}

/**
 * The table of Keras 2's `model.summary()`: one row for each layer of the model that was read, running statistics among the parameters and
 * not trainable, and a fourth column of connections where the network is no chain.
 */
export function formatKeras(summary: ModelSummary): string {
  const rows = kerasRows(summary);
  const chain = rows.every(
    ({ inputs }, index) =>
      inputs.length === 0 || (inputs.length === 1 && (index === 0 || inputs[0] === rows[index - 1]?.name)),
  );
  const ends = chain ? [29, 55, 65] : [32, 53, 65, 98];
  const width = chain ? 65 : 98;
  const total = summary.params + summary.buffers;
  const lines = [
    `Model: "${summary.name}"`,
    '_'.repeat(width),
    ...wrapped(['Layer (type)', 'Output Shape', 'Param #', 'Connected to'], ends),
    '='.repeat(width),
  ];
  for (const row of rows) {
    const connections = `[${row.inputs.map((name) => `'${name}[0][0]'`).join(', ')}]`;
    lines.push(
      ...wrapped([`${row.name} (${row.className})`, row.outputShape, String(row.params), connections], ends),
      ' '.repeat(width),
    );
  }
  return [
    ...lines,
    '='.repeat(width),
    `Total params: ${thousands(total)}`,
    `Trainable params: ${thousands(summary.trainableParams)}`,
    `Non-trainable params: ${thousands(total - summary.trainableParams)}`,
    '_'.repeat(width),
  ].join('\n');
}

/** One row for each layer of the model, though it may be several layers here. */
function kerasRows(summary: ModelSummary): readonly Row[] {
  const batch = summary.batchSize ?? 'None';
  const tuple = (shape: Shape) => `(${[batch, ...shape].join(', ')})`;
  const rows: Row[] = [];
  const rowOf = new Map<string, Row>();
  const ownName = (name: string) => rowOf.get(name)?.name ?? name;
  for (const { name, shape, isLayer } of summary.inputs) {
    if (!isLayer) continue;
    rows.push({ name, className: 'InputLayer', inputs: [], params: 0, outputShape: `[${tuple(shape)}]` });
  }
  for (const layer of summary.layers) {
    const host = layer.partOf === undefined ? undefined : rowOf.get(layer.partOf);
    const params = layer.params + layer.buffers + (host?.params ?? 0);
    const row = {
      ...(host ?? { name: layer.name, className: classOf(layer), inputs: layer.inputs.map(ownName) }),
      params,
      outputShape: tuple(layer.outputShape),
    };
    if (host === undefined) rows.push(row);
    else rows[rows.indexOf(host)] = row;
    rowOf.set(layer.name, row);
    if (layer.partOf !== undefined) rowOf.set(layer.partOf, row);
  }
  return rows;
}

function classOf({ className, type }: LayerSummary): string {
  return className ?? kerasClasses[type] ?? type;
}

/**
 * The lines of one row of columns that end at `ends`: cells wider than their column, less two spaces between columns, continue in the next
 * line, lists behind each item. As in Keras, the space in front does not count.
 */
function wrapped(cells: readonly string[], ends: readonly number[]): readonly string[] {
  let left = cells.slice(0, ends.length);
  const lines: string[] = [];
  while (left.some((cell) => cell !== '')) {
    let text = '';
    left = left.map((cell, column) => {
      const end = ends[column] ?? 0;
      const gap = column === ends.length - 1 ? 0 : 2;
      const room = end - (ends[column - 1] ?? 0) - gap;
      const itemEnd = cell.slice(0, room).search(/[)'}\]],/);
      const cut = itemEnd < 0 ? room : itemEnd + 2;
      text = `${text}${column === 0 ? ' ' : ''}${cell.slice(0, cut)}${' '.repeat(gap)}`.padEnd(end);
      return cell.slice(cut);
    });
    lines.push(text);
  }
  return lines;
}
