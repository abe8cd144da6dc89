import { check, listOf } from '@cnnzoo/checks';
import type { ImageAnswer } from './answers.js';
import { evaluationDifferences } from './evaluation-differences.js';
import { type EvaluationReport, type ReportPart, reportOf } from './report.js';
import { reportRule } from './report-rule.js';
import { addTallies, emptyTally } from './tally.js';

/**
 * Joins the reports of shards of one evaluation. Merged in any order they equal one run over the whole data set exactly, except for the
 * time.
 * @param reports of `evaluate` with `shard`, with the same models, protocol, data set and batch size
 * @returns the report of all of them together; merge it with the missing ones later where some are missing. It has the hashes of their batches, and
 *   their answers, where all of them have answers
 * @throws RangeError where they are not of one evaluation, naming what differs, or a shard is there twice
 * @example
 * import { evaluate, merge } from '@cnnzoo/evaluate';
 * const halves = [await evaluate(model, testSet, { shard: [0, 2] }), await evaluate(model, testSet, { shard: [1, 2] })];
 * console.log(merge(halves).top1);
 */
export function merge(reports: readonly EvaluationReport[]): EvaluationReport {
  check('reports', reports, listOf(reportRule));
  const [first] = reports;
  if (first === undefined) throw new RangeError('reports must be at least one, got none');
  for (const [i, report] of reports.entries()) {
    const [difference] = evaluationDifferences(report, first);
    if (difference !== undefined)
      throw new RangeError(
        `reports[${i}] is of another evaluation: its ${difference.what} is ${JSON.stringify(difference.own)}, that of reports[0] ${JSON.stringify(difference.other)}`,
      );
  }
  return reportOf({
    models: first.models,
    protocol: first.protocol,
    categories: first.categories,
    confusion: first.confusion.map((row, label) =>
      row.map((_, guess) => reports.reduce((sum, { confusion }) => sum + (confusion[label]?.[guess] ?? 0), 0)),
    ),
    mistakes: reports.flatMap(({ mistakes }) => mistakes),
    part: { ...first.part, shards: mergeShards(reports.map(({ part }) => part)) },
    tally: reports.reduce((sum, { tally }) => addTallies(sum, tally), emptyTally),
    evidence: {
      ...first.evidence,
      batches: reports.flatMap(({ evidence }) => evidence.batches).toSorted((a, b) => a.index - b.index),
    },
    answers: mergedAnswers(reports),
  });
}

/** In the data set's order, where all reports have them. */
function mergedAnswers(reports: readonly EvaluationReport[]): readonly ImageAnswer[] | null {
  const all = reports.flatMap(({ answers }) => (answers === null ? [] : [answers]));
  return all.length < reports.length ? null : all.flat().sort((a, b) => a.index - b.index);
}

function mergeShards(parts: readonly ReportPart[]): ReportPart['shards'] {
  const shards = parts.flatMap((part) => part.shards).toSorted(([a], [b]) => a - b);
  const count = shards[0]?.[1] ?? 1;
  for (const [i, [index, of]] of shards.entries()) {
    if (of !== count) throw new RangeError(`shards must be of one number, got some of ${count} and some of ${of}`);
    if (index === shards[i - 1]?.[0]) throw new RangeError(`shard [${index}, ${of}] is there twice`);
  }
  return shards.length === count ? [[0, 1]] : shards;
}
