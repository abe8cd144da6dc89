/** What a report must be, which may come from another machine: whatever is printed of it is a count, a share or a name. */
import { integer, listOf, number, type OptionRules, optional, type Rule, record, rule } from '@cnnzoo/checks';
import type { EvaluationReport, Mistake, ReportPart, ReportSource } from './report.js';
import { type CalibrationBin, calibrationBins, type Tally } from './tally.js';

const count = integer(0);
const text = rule<string>('a string', (value) => typeof value === 'string');

const mistake: OptionRules<Mistake> = {
  index: count,
  file: optional(text),
  label: count,
  guess: count,
  probability: number(0, 1),
  labelProbability: number(0, 1),
};

const part: OptionRules<ReportPart> = {
  images: integer(1),
  batch: integer(1),
  shards: listOf(
    rule<readonly [index: number, count: number]>(
      '[i, n] with 0 <= i < n',
      (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger),
      ([index, of]) => index >= 0 && index < of,
    ),
    1,
  ),
};

const tally: OptionRules<Tally> = {
  count,
  top1: count,
  topK: count,
  invalid: count,
  loss: count,
  calibration: listOf(record<CalibrationBin>({ count, correct: count, confidence: count }), calibrationBins),
  milliseconds: number(0),
};

const source: { readonly [Name in keyof ReportSource]: Rule<ReportSource[Name]> } = {
  models: listOf(text, 1),
  protocol: text,
  categories: listOf(text, 1),
  confusion: listOf(listOf(count)),
  mistakes: listOf(record(mistake)),
  part: record(part),
  tally: record(tally),
};

/** A report. Figures that follow from others are not checked: they are computed again. */
export const reportRule: Rule<EvaluationReport> = {
  expected: 'a report of evaluate or merge',
  fault(name, value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return new TypeError(`${name} must be a report of evaluate or merge`);
    const fields = value as Readonly<Record<string, unknown>>;
    for (const [field, { fault }] of Object.entries(source)) {
      const found = fault(`${name}.${field}`, fields[field]);
      if (found !== null) return found;
    }
    const problem = contradiction(value as ReportSource);
    return problem === null ? null : new RangeError(`${name}.${problem}`);
  },
};

/** Where parts of a report say different things, or null. */
function contradiction({ categories, confusion, mistakes, part, tally }: ReportSource): string | null {
  const classes = categories.length;
  if (confusion.length !== classes)
    return `confusion has ${confusion.length} rows, expected ${classes}, one a category`;
  const row = confusion.findIndex(({ length }) => length !== classes);
  if (row >= 0) return `confusion[${row}] has ${confusion[row]?.length} counts, expected ${classes}, one a category`;
  const counted = confusion.flat().reduce((sum, images) => sum + images, 0);
  if (counted !== tally.count) return `tally.count is ${tally.count}, but confusion has ${counted} images`;
  if (tally.count > part.images) return `tally.count is ${tally.count}, but part.images ${part.images}`;
  for (const name of ['top1', 'topK', 'invalid'] as const)
    if (tally[name] > tally.count) return `tally.${name} is ${tally[name]}, more than its ${tally.count} images`;
  if (tally.calibration.length !== calibrationBins)
    return `tally.calibration has ${tally.calibration.length} bins, expected ${calibrationBins}`;
  for (const [i, { index, label, guess }] of mistakes.entries()) {
    if (index >= part.images) return `mistakes[${i}].index is ${index}, expected less than ${part.images}`;
    if (label >= classes) return `mistakes[${i}].label is ${label}, expected less than ${classes}`;
    if (guess >= classes) return `mistakes[${i}].guess is ${guess}, expected less than ${classes}`;
  }
  return null;
}
