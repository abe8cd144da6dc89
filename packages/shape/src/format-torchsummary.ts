import type { LayerSummary, ModelSummary } from './summarize.js';

/**
 * What PyTorch writes as calls of functions, not as modules, so that torchsummary, which listens to modules, has no row for it.
 */
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

const mebibyte = 1024 ** 2;

/**
 * The table of the Python package torchsummary 1.5.1, to the character: shapes in PyTorch's order with the batch in front (-1 where it was
 * not given), four bytes a number, every output counted twice for its gradient.
 */
export function formatTorchsummary(summary: ModelSummary): string {
  const batch = summary.batchSize ?? -1;
  const rows = summary.layers.filter((layer) => !functions.has(layer.type));
  const outputs = rows.reduce((sum, { outputShape }) => sum + outputShape.reduce((a, b) => a * b, 1), 0);
  const images = summary.batchSize ?? 1;
  const inputSize = summary.inputs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const inputMegabytes = (images * inputSize * 4) / mebibyte;
  const outputMegabytes = (2 * images * outputs * 4) / mebibyte;
  const paramMegabytes = (summary.params * 4) / mebibyte;
  const thin = '-'.repeat(64);
  const thick = '='.repeat(64);
  return [
    thin,
    row('Layer (type)', 'Output Shape', 'Param #'),
    thick,
    ...rows.map((layer, index) => row(`${layer.type}-${index + 1}`, shape(layer, batch), thousands(layer.params))),
    thick,
    `Total params: ${thousands(summary.params)}`,
    `Trainable params: ${thousands(summary.trainableParams)}`,
    `Non-trainable params: ${thousands(summary.nonTrainableParams)}`,
    thin,
    `Input size (MB): ${inputMegabytes.toFixed(2)}`,
    `Forward/backward pass size (MB): ${outputMegabytes.toFixed(2)}`,
    `Params size (MB): ${paramMegabytes.toFixed(2)}`,
    `Estimated Total Size (MB): ${(inputMegabytes + outputMegabytes + paramMegabytes).toFixed(2)}`,
    thin,
  ].join('\n');
}

function row(name: string, outputShape: string, params: string): string {
  return `${name.padStart(20)}  ${outputShape.padStart(25)} ${params.padStart(15)}`;
}

function shape({ outputShape }: LayerSummary, batch: number): string {
  const [height, width, channels] = outputShape;
  const dims = outputShape.length === 3 ? [channels, height, width] : outputShape;
  return `[${[batch, ...dims].join(', ')}]`;
}

/** An integer with commas between thousands. */
export function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
