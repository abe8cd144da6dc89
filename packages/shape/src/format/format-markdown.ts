import { thousands } from './format-torchsummary.js';
import type { Shape } from './layer-spec.js';
import type { LayerSummary, ModelSummary } from './summarize.js';

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
      `Activations of ${summary.batchSize === null ? 'one picture' : `a batch of ${summary.batchSize}`}: ${bytes(summary.forwardBytes)} forward, ${bytes(summary.backwardBytes)} backward. ` +
      `${summary.arithmeticIntensity.toFixed(1)} operations a byte.`,
  ].join('\n');
}

/** A Markdown table whose columns are padded to the same width. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly boolean[],
): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, column) => (right[column] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
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

/** Bytes in the largest unit (powers of 1024) that leaves at least 1. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = count < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  return `${power === 0 ? count : (count / 1024 ** power).toFixed(2)} ${units[power]}`;
}
