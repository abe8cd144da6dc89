import { type EvaluationReport, mostConfused } from './report.js';
import { figureRows, percent, worstClasses } from './report-figures.js';

/**
 * A report as Markdown: the figures, the worst classes and the pairs that were confused most often.
 * @example
 * import { evaluate, reportToMarkdown } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet);
 * console.log(reportToMarkdown(report));
 */
export function reportToMarkdown(report: EvaluationReport): string {
  const figures = figureRows(report).map(([name, value]) => [name, value]);
  const classes = worstClasses(report, 10).map(({ category, count, accuracy }) => [
    category,
    String(count),
    percent(accuracy),
  ]);
  const pairs = mostConfused(report, 10).map(({ category, takenFor, count }) => [category, takenFor, String(count)]);
  return [
    `# ${report.models.join(' + ')}, ${report.protocol}`,
    table(['figure', 'value'], figures),
    ...report.notes.map((note) => `> ${note}`),
    '## Worst classes',
    table(['class', 'pictures', 'right'], classes),
    '## Most often confused',
    pairs.length === 0 ? 'Nothing was confused.' : table(['class', 'taken for', 'pictures'], pairs),
    '',
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
