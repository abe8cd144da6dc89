import { type EvaluationReport, type ReportSource, reportOf } from './report.js';
import { calibrationBins } from './tally.js';

/**
 * A report as JSON text, for a file: `reportFromJson` reads it, and `merge` joins those of several machines.
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { evaluate, reportToJson } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet);
 * await writeFile('report.json', reportToJson(report));
 */
export function reportToJson(report: EvaluationReport): string {
  return `${JSON.stringify({ format: 'cnnzoo-evaluation-1', ...report })}\n`;
}

/**
 * Reads a report that `reportToJson` wrote. Figures are computed from its counts again, so that they cannot disagree with them.
 * @throws TypeError where the text is no such report
 * @example
 * import { readFile } from 'node:fs/promises';
 * import { merge, reportFromJson } from '@cnnzoo/evaluate';
 * const paths = ['0.json', '1.json'];
 * const shards = await Promise.all(paths.map(async (path) => reportFromJson(await readFile(path, 'utf8'))));
 * console.log(merge(shards).top1);
 */
export function reportFromJson(text: string): EvaluationReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TypeError('text is no JSON, expected a report of reportToJson', { cause });
  }
  const wrong = whatIsWrong(value as Partial<ReportSource> & { format?: string });
  if (wrong !== null) throw new TypeError(`text is no report of reportToJson: ${wrong}`);
  const { models, protocol, categories, confusion, mistakes, part, tally } = value as ReportSource;
  return reportOf({ models, protocol, categories, confusion, mistakes, part, tally });
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

/** What keeps a value from being a report, or null. */
function whatIsWrong(value: (Partial<ReportSource> & { format?: string }) | null): string | null {
  if (value?.format !== 'cnnzoo-evaluation-1') return "its format is not 'cnnzoo-evaluation-1'";
  const { models, protocol, categories, confusion, mistakes, part, tally } = value;
  if (!Array.isArray(models) || typeof protocol !== 'string' || !Array.isArray(mistakes)) return 'parts are missing';
  if (!Array.isArray(categories) || categories.some((name) => typeof name !== 'string')) return 'categories are wrong';
  const classes = categories.length;
  const isRow = (row: unknown) => Array.isArray(row) && row.length === classes && row.every(isCount);
  if (!Array.isArray(confusion) || confusion.length !== classes || !confusion.every(isRow)) return 'confusion is wrong';
  if (!isCount(part?.pictures) || !isCount(part?.batch) || !Array.isArray(part?.shards)) return 'part is wrong';
  const sums = [tally?.count, tally?.top1, tally?.topK, tally?.invalid, tally?.loss];
  if (!sums.every(isCount) || tally?.calibration?.length !== calibrationBins) return 'tally is wrong';
  const counted = (confusion as number[][]).flat().reduce((sum, pictures) => sum + pictures, 0);
  if (counted !== tally?.count) return `confusion has ${counted} pictures, tally ${tally?.count}`;
  return null;
}
