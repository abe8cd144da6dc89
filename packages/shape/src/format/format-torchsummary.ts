import { elements } from '../layer-outcome.js';
import type { Shape } from '../layer-spec.js';
import type { LayerSummary, ModelSummary } from '../summarize.js';
import type { FormatOptions } from './format-options.js';
import { thousands } from './numbers.js';

/** What PyTorch writes as calls of functions, not as modules, so that torchsummary, which listens to modules, has no row for it. */
const functions: ReadonlySet<string> = new Set([
  'Flatten',
  'Add',
  'Subtract',
  'Multiply',
  'Average',
  'Maximum',
  'Minimum',
  'Concat',
]);

interface Row {
  readonly type: string;
  readonly outputShape: Shape;
  readonly params: number;
}

/**
 * The table of the Python package torchsummary 1.5.1, to the character: shapes in PyTorch's order with the batch in front (-1 where it was
 * not given), four bytes a number, every output counted twice for its gradient.
 */
export function formatTorchsummary(summary: ModelSummary, { moduleType }: FormatOptions): string {
  const batch = summary.batchSize ?? -1;
  const rows = moduleRows(summary.layers, moduleType);
  const megabytes = (numbers: number) => (numbers * 4) / 1024 ** 2;
  const sum = (shapes: readonly Shape[]) => shapes.reduce((total, shape) => total + elements(shape), 0);
  const input = megabytes(Math.abs(batch) * sum(summary.inputs.map(({ shape }) => shape)));
  const output = megabytes(2 * Math.abs(batch) * sum(rows.map(({ outputShape }) => outputShape)));
  const params = megabytes(summary.params);
  const thin = '-'.repeat(64);
  const thick = '='.repeat(64);
  return [
    thin,
    line('Layer (type)', 'Output Shape', 'Param #'),
    thick,
    ...rows.map((row, index) =>
      line(`${row.type}-${index + 1}`, channelsFirst(batch, row.outputShape), thousands(row.params)),
    ),
    thick,
    `Total params: ${thousands(summary.params)}`,
    `Trainable params: ${thousands(summary.trainableParams)}`,
    `Non-trainable params: ${thousands(summary.nonTrainableParams)}`,
    thin,
    `Input size (MB): ${twoDecimals(input)}`,
    `Forward/backward pass size (MB): ${twoDecimals(output)}`,
    `Params size (MB): ${twoDecimals(params)}`,
    `Estimated Total Size (MB): ${twoDecimals(params + output + input)}`,
    thin,
  ].join('\n');
}

/** The rows of modules, and behind the last layer of a module made of others the row of that module. */
function moduleRows(layers: readonly LayerSummary[], moduleType: FormatOptions['moduleType']): readonly Row[] {
  const rows: Row[] = [];
  for (const [index, layer] of layers.entries()) {
    if (!functions.has(layer.type)) rows.push(layer);
    if (moduleType === undefined) continue;
    const path = layer.name.split('.');
    while (path.pop() !== undefined && path.length > 0) {
      const module = path.join('.');
      if (layers.slice(index + 1).some(({ name }) => name.startsWith(`${module}.`))) break;
      const type = moduleType(module);
      if (type !== undefined) rows.push({ type, outputShape: layer.outputShape, params: 0 });
    }
  }
  return rows;
}

function line(name: string, outputShape: string, params: string): string {
  return `${name.padStart(20)}  ${outputShape.padStart(25)} ${params.padStart(15)}`;
}

function channelsFirst(batch: number, shape: Shape): string {
  const [height, width, channels] = shape;
  return `[${[batch, ...(shape.length === 3 ? [channels, height, width] : shape)].join(', ')}]`;
}

/** Python's %0.2f, which rounds a half to the even digit, where JavaScript rounds it up: 0.125 is 0.12. */
function twoDecimals(value: number): string {
  const hundredths = value * 100;
  const down = Math.floor(hundredths);
  return (hundredths - down === 0.5 && down % 2 === 0 ? down / 100 : value).toFixed(2);
}
