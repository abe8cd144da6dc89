import type { Shape } from '../layer-spec.js';
import type { LayerSummary, ModelSummary } from '../summarize.js';
import { markdownTable } from './markdown-table.js';
import { bytes, thousands } from './numbers.js';

/** A table for a document, with the columns of the lecture's own tables (channels, size, kernel, stride) and the costs. */
export function formatMarkdown(summary: ModelSummary): string {
  const inputs = summary.inputs.map(({ name, shape }) => [name, 'Input', size(shape), '', '', '', '', '']);
  const rows = summary.layers.map((layer) => [
    layer.name,
    layer.type,
    size(layer.outputShape),
    layer.kernel === null ? '' : times(layer.kernel.size),
    layer.kernel === null ? '' : stride(layer.kernel.stride),
    thousands(layer.params),
    thousands(layer.macs),
    field(layer),
  ]);
  const head = ['Layer', 'Type', 'Output', 'Kernel', 'Stride', 'Parameters', 'MACs', 'Receptive field'];
  const right = [false, false, true, true, true, true, true, true];
  return [
    markdownTable(head, [...inputs, ...rows], right),
    '',
    `${thousands(summary.params)} parameters (${thousands(summary.trainableParams)} trainable), ${thousands(summary.buffers)} running statistics, ` +
      `${bytes(summary.weightBytes)} as ${summary.dtype}. ${thousands(summary.macs)} multiply-accumulates, ${thousands(summary.flops)} floating-point operations. ` +
      `Activations of ${summary.batchSize === null ? 'one image' : `a batch of ${summary.batchSize}`}: ${bytes(summary.forwardBytes)} forward, ${bytes(summary.backwardBytes)} backward. ` +
      `${summary.arithmeticIntensity.toFixed(1)} operations a byte.`,
  ].join('\n');
}

function times(pair: readonly number[]): string {
  return pair.join('×');
}

function size(shape: Shape): string {
  return times(shape);
}

function stride([vertical, horizontal]: readonly [number, number]): string {
  return vertical === horizontal ? String(vertical) : times([vertical, horizontal]);
}

function field({ receptiveField }: LayerSummary): string {
  return receptiveField === null ? '' : times(receptiveField.size);
}
