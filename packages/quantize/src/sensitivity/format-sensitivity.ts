import { check, listOf, number, type Rule, record, text } from '@cnnzoo/checks';
import type { LayerSensitivity, SensitivityReport } from './sensitivity.js';

const costs = { loss: number(), agreement: number(), error: number() };

/** What `sensitivity` gives; as people keep it in a file, too. */
export const reportRule: Rule<SensitivityReport> = record<SensitivityReport>({
  model: text,
  images: number(),
  accuracy: number(),
  all: record<SensitivityReport['all']>(costs),
  layers: listOf(record<LayerSensitivity>({ layer: text, operator: text, weights: number(), ...costs })),
});

/**
 * A report as a table, the layer that costs most first.
 * @param report of `sensitivity`
 * @returns lines of text
 * @throws TypeError where it is no report
 * @example
 * import { formatSensitivity, type SensitivityReport } from '@cnnzoo/quantize';
 *
 * const show = (report: SensitivityReport) => console.log(formatSensitivity(report));
 */
export function formatSensitivity(report: SensitivityReport): string {
  const { model, images, accuracy, all, layers } = check('report', report, reportRule);
  const worst = [...layers].sort((a, b) => b.error - a.error);
  const rows = [
    ['layer in int8', 'operator', 'weights', 'error of scores', 'points lost', 'same answer'],
    ...[
      { layer: 'all of them', operator: '', weights: layers.reduce((sum, each) => sum + each.weights, 0), ...all },
      ...worst,
    ].map(({ layer, operator, weights, error, loss, agreement }) => [
      layer,
      operator,
      weights === 0 ? '' : weights.toLocaleString('en'),
      percent(error),
      points(loss),
      percent(agreement),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row.map((text, i) => (i < 2 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('  '),
  );
  return [`${model} in float: ${percent(accuracy)} of ${images.toLocaleString('en')} images`, '', ...lines].join('\n');
}

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** Without a minus before a zero. */
export const points = (loss: number): string => (Math.abs(loss) < 0.005 ? '0.00' : loss.toFixed(2));
