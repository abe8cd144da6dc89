import { check, shown, string } from '@cnnzoo/checks';
import { type EvaluationReport, reportOf } from './report.js';
import { reportRule } from './report-rule.js';

const formatName = 'cnnzoo-evaluation-3';

/**
 * A report as JSON text, for a file: `reportFromJson` reads it, and `merge` joins those of several machines.
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { evaluate, reportToJson } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet);
 * await writeFile('report.json', reportToJson(report));
 */
export function reportToJson(report: EvaluationReport): string {
  return `${JSON.stringify({ format: formatName, ...check('report', report, reportRule) })}\n`;
}

/**
 * Reads a report that `reportToJson` wrote. Figures are computed from its counts again, so that they cannot disagree with them.
 * @throws TypeError or RangeError naming the field that is wrong: reports come from other machines
 * @example
 * import { readFile } from 'node:fs/promises';
 * import { merge, reportFromJson } from '@cnnzoo/evaluate';
 * const paths = ['0.json', '1.json'];
 * const shards = await Promise.all(paths.map(async (path) => reportFromJson(await readFile(path, 'utf8'))));
 * console.log(merge(shards).top1);
 */
export function reportFromJson(text: string): EvaluationReport {
  check('text', text, string('the text of a report'));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TypeError('text is no JSON, expected a report of reportToJson', { cause });
  }
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (format !== formatName)
    throw new TypeError(
      `report.format must be '${formatName}', got ${shown(format)}: text is no report of reportToJson`,
    );
  return reportOf(check('report', value, reportRule));
}
