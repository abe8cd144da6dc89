import { check } from '@cnnzoo/checks';
import { markdownText } from './markdown-text.js';
import { type EvaluationReport, mostConfused, reportOf } from './report.js';
import { certainty, figureRows, mistakeName, percent, worstClasses } from './report-figures.js';
import { reportRule } from './report-rule.js';

/**
 * A report as Markdown: the figures, the worst classes and the pairs that were confused most often.
 * @example
 * import { evaluate, reportToMarkdown } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet);
 * console.log(reportToMarkdown(report));
 */
export function reportToMarkdown(given: EvaluationReport): string {
  const report = reportOf(check('report', given, reportRule));
  const figures = figureRows(report).map(([name, value]) => [name, value]);
  const classes = worstClasses(report, 10).map(({ category, support, precision, recall, f1 }) => [
    category,
    String(support),
    ...[precision, recall, f1].map(percent),
  ]);
  const mistakes = report.mistakes
    .slice(0, 10)
    .map((mistake) => [
      mistakeName(mistake),
      report.categories[mistake.label] ?? '',
      report.categories[mistake.guess] ?? '',
      certainty(mistake.probability),
    ]);
  const pairs = mostConfused(report, 10).map(({ category, takenFor, count }) => [category, takenFor, String(count)]);
  return [
    `# ${markdownText(`${report.models.join(' + ')}, ${report.protocol}`)}`,
    table(['figure', 'value'], figures),
    ...report.notes.map((note) => `> ${markdownText(note)}`),
    '## Worst classes',
    table(['class', 'images', 'precision', 'recall', 'F1'], classes),
    '## Most often confused',
    pairs.length === 0 ? 'Nothing was confused.' : table(['class', 'taken for', 'images'], pairs),
    '## Most confident mistakes',
    mistakes.length === 0 ? 'There are none.' : table(['image', 'class', 'taken for', 'sure'], mistakes),
    '',
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(markdownText).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
