/** What a report must be, which may come from another machine: whatever is printed of it is a count, a share or a name. */
import {
  integer,
  listOf,
  nullOr,
  number,
  type OptionRules,
  optional,
  type Rule,
  record,
  shardRule,
  text,
} from '@cnnzoo/checks';
import type { BatchEvidence, EvaluationCode, Evidence } from '../evidence/evidence.js';
import type { ImageAnswer } from './answers.js';
import type { EvaluationReport, Mistake, ReportPart, ReportSource } from './report.js';
import { type CalibrationBin, calibrationBins, type Tally } from './tally.js';

const count = integer(0);

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
  shards: listOf(shardRule, 1),
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

const batch: OptionRules<BatchEvidence> = { index: count, images: text, answers: text };

const evidence: OptionRules<Evidence> = {
  weights: listOf(text, 1),
  protocol: text,
  data: text,
  code: record<EvaluationCode>({ evaluate: text, tfjs: text, backend: text }),
  batches: listOf(record(batch)),
};

const answer: OptionRules<ImageAnswer> = {
  index: count,
  image: text,
  label: count,
  guess: count,
  place: count,
  probability: nullOr(number(0, 1)),
  labelProbability: nullOr(number(0, 1)),
};

const source: { readonly [Name in keyof ReportSource]: Rule<ReportSource[Name]> } = {
  models: listOf(text, 1),
  protocol: text,
  categories: listOf(text, 1),
  confusion: listOf(listOf(count)),
  mistakes: listOf(record(mistake)),
  part: record(part),
  tally: record(tally),
  evidence: record(evidence),
  answers: nullOr(listOf(record(answer))),
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
function contradiction({
  categories,
  confusion,
  mistakes,
  part,
  tally,
  evidence,
  answers,
}: ReportSource): string | null {
  const classes = categories.length;
  if (confusion.length !== classes)
    return `confusion has ${confusion.length} rows, expected ${classes}, one a category`;
  const row = confusion.findIndex(({ length }) => length !== classes);
  if (row >= 0) return `confusion[${row}] has ${confusion[row]?.length} counts, expected ${classes}, one a category`;
  const counted = confusion.flat().reduce((sum, images) => sum + images, 0);
  if (counted !== tally.count) return `tally.count is ${tally.count}, but confusion has ${counted} images`;
  for (const name of ['top1', 'topK', 'invalid'] as const)
    if (tally[name] > tally.count) return `tally.${name} is ${tally[name]}, more than its ${tally.count} images`;
  if (tally.calibration.length !== calibrationBins)
    return `tally.calibration has ${tally.calibration.length} bins, expected ${calibrationBins}`;
  for (const [i, { index, label, guess }] of mistakes.entries()) {
    if (index >= part.images) return `mistakes[${i}].index is ${index}, expected less than ${part.images}`;
    if (label >= classes) return `mistakes[${i}].label is ${label}, expected less than ${classes}`;
    if (guess >= classes) return `mistakes[${i}].guess is ${guess}, expected less than ${classes}`;
  }
  return contradictionOfParts({ part, tally, evidence, answers }, classes);
}

/** Where a report has other images than its shards. A stranger's numbers are counted before anything is made of them. */
function contradictionOfParts(
  { part, tally, evidence, answers }: Pick<ReportSource, 'part' | 'tally' | 'evidence' | 'answers'>,
  classes: number,
): string | null {
  const { images, batch, shards } = part;
  const all = Math.ceil(images / batch);
  const wanted = shards.reduce((sum, [index, of]) => sum + Math.max(0, Math.ceil((all - index) / of)), 0);
  const batches = evidence.batches.map(({ index }) => index);
  const inShards = (index: number) => shards.some(([first, of]) => index % of === first);
  if (
    batches.length !== wanted ||
    batches.some((index, i) => index >= all || !inShards(index) || index <= (batches[i - 1] ?? -1))
  )
    return `evidence.batches has ${batches.length} hashes, expected one of each of the ${wanted} batches of part.shards, in their order`;
  const sizeOf = (index: number) => Math.min(images, (index + 1) * batch) - index * batch;
  const count = batches.reduce((sum, index) => sum + sizeOf(index), 0);
  if (tally.count !== count) return `tally.count is ${tally.count}, but part.shards have ${count} images`;
  if (answers === null) return null;
  const misplaced = `answers has ${answers.length} images, expected the ${count} of part.shards, in their order`;
  if (answers.length !== count) return misplaced;
  const indices = batches.flatMap((index) => Array.from({ length: sizeOf(index) }, (_, i) => index * batch + i));
  if (answers.some(({ index }, i) => index !== indices[i])) return misplaced;
  const strange = answers.findIndex(({ label, guess, place }) => Math.max(label, guess, place) >= classes);
  if (strange >= 0) return `answers[${strange}] has a class that is none of the ${classes}`;
  const half = answers.findIndex((answer) => (answer.probability === null) !== (answer.labelProbability === null));
  return half < 0 ? null : `answers[${half}] has one probability, expected both or, where the network said NaN, none`;
}
