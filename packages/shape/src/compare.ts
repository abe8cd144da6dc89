import { boolean, check, listOf, number, oneOf, record, string } from '@cnnzoo/checks';
import { markdownTable } from './format/markdown-table.js';
import { bytes, thousands } from './format/numbers.js';
import type { LayerSpec } from './layer-spec.js';
import { isLayersModel, type LayersModelLike } from './read-layers-model.js';
import { type ModelSummary, type SummarizeOptions, summarize } from './summarize.js';
import { summaryRule } from './summary-rule.js';

/** A network under the name it has in the table. */
export interface Candidate {
  readonly name: string;
  readonly network: readonly LayerSpec[] | LayersModelLike;
}

/** The figures that are compared. */
const quantities = ['params', 'macs', 'flops', 'forwardBytes', 'weightBytes'] as const;

/** One quantity of two networks side by side. */
export interface ComparedQuantity {
  readonly quantity: (typeof quantities)[number];
  readonly a: number;
  readonly b: number;
  /** The part of `a` that `b` saves: 0.28 where `b` has 28 % less, negative where it has more. */
  readonly saving: number;
}

/** What `compare` finds. */
export interface Comparison {
  readonly a: { readonly name: string; readonly summary: ModelSummary };
  readonly b: { readonly name: string; readonly summary: ModelSummary };
  readonly rows: readonly ComparedQuantity[];
  /** Whether one can stand in for the other: the same output shape. */
  readonly sameOutput: boolean;
}

/**
 * Compares what two networks cost on the same input, such as a 5x5 convolution and the two 3x3 ones that see as much.
 *
 * @param a a network, alone or with a name
 * @param b what is to replace it
 * @param options input shape `[height, width, channels]`, batch size, number type
 * @returns each figure of both, and what `b` saves of it
 * @throws TypeError or RangeError as `summarize` does
 *
 * @example
 * import { compare } from '@cnnzoo/shape';
 *
 * const { rows } = compare(
 *   [{ type: 'Conv2d', outChannels: 64, kernelSize: 5, padding: 2, bias: false }],
 *   [
 *     { type: 'Conv2d', outChannels: 64, kernelSize: 3, padding: 1, bias: false },
 *     { type: 'Conv2d', outChannels: 64, kernelSize: 3, padding: 1, bias: false },
 *   ],
 *   { inputShape: [35, 35, 64] },
 * );
 * rows[0]; // { quantity: 'params', a: 102400, b: 73728, saving: 0.28 }
 */
export function compare(
  a: Candidate | Candidate['network'],
  b: Candidate | Candidate['network'],
  options: SummarizeOptions = {},
): Comparison {
  const [first, second] = [summarized(a, 'a', options), summarized(b, 'b', options)];
  const rows = quantities.map((quantity) => {
    const before = first.summary[quantity];
    const after = second.summary[quantity];
    return { quantity, a: before, b: after, saving: before === 0 ? 0 : 1 - after / before };
  });
  const sameOutput = first.summary.outputShape.join() === second.summary.outputShape.join();
  return { a: first, b: second, rows, sameOutput };
}

function summarized(candidate: Candidate | Candidate['network'], name: string, options: SummarizeOptions) {
  if (!isLayersModel(candidate) && typeof candidate === 'object' && candidate !== null && 'network' in candidate) {
    return { name: check(`${name}.name`, candidate.name, string()), summary: summarize(candidate.network, options) };
  }
  return { name: isLayersModel(candidate) ? candidate.name : name, summary: summarize(candidate, options) };
}

const side = record<Comparison['a']>({ name: string(), summary: summaryRule });
const comparisonsRule = listOf(
  record<Comparison>({
    a: side,
    b: side,
    rows: listOf(record<ComparedQuantity>({ quantity: oneOf(quantities), a: number(), b: number(), saving: number() })),
    sameOutput: boolean,
  }),
);

/**
 * Writes comparisons as one Markdown table, a row each: both names, output, receptive field, parameters and multiply-accumulates of both,
 * and what the second saves.
 *
 * @example
 * import { compareFactorizations, formatComparisons } from '@cnnzoo/shape';
 *
 * console.log(formatComparisons(compareFactorizations()));
 */
export function formatComparisons(comparisons: readonly Comparison[]): string {
  check('comparisons', comparisons, comparisonsRule);
  const head = [
    'A',
    'B',
    'Output of B',
    'Field A',
    'Field B',
    'Parameters A',
    'Parameters B',
    'saved',
    'MACs A',
    'MACs B',
    'saved',
    'Activations A',
    'Activations B',
    'saved',
  ];
  const rows = comparisons.map(({ a, b, rows: figures }) => {
    const cells = (quantity: ComparedQuantity['quantity'], shown: (value: number) => string) => {
      const row = figures.find((figure) => figure.quantity === quantity);
      return row === undefined ? ['', '', ''] : [shown(row.a), shown(row.b), percent(row.saving)];
    };
    const field = ({ receptiveField }: ModelSummary) => receptiveField?.size.join('×') ?? '';
    return [
      a.name,
      b.name,
      b.summary.outputShape.join('×'),
      field(a.summary),
      field(b.summary),
      ...cells('params', thousands),
      ...cells('macs', thousands),
      ...cells('forwardBytes', bytes),
    ];
  });
  return markdownTable(
    head,
    rows,
    head.map((_, column) => column > 1),
  );
}

function percent(saving: number): string {
  return `${Math.round(100 * saving)} %`;
}
