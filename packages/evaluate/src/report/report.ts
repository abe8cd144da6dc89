import { check, integer, listOf, rule } from '@cnnzoo/checks';
import type { Evidence } from '../evidence/evidence.js';
import type { ImageAnswer } from './answers.js';
import { averagesOf, type ClassAverages, type ClassReport, type ClassScores, classReports } from './class-scores.js';
import { type Mistake, worstMistakes } from './mistakes.js';
import { type CalibrationBin, calibrationError, sumsPerUnit, type Tally } from './tally.js';

/** What an evaluation found. Plain data: see {@link reportToJson} for a file, {@link merge} for joining shards. */
export interface EvaluationReport {
  /** The models' names. */
  readonly models: readonly string[];
  readonly protocol: string;
  readonly categories: readonly string[];
  /** Images. */
  readonly count: number;
  /** Share of images whose class had the largest probability. */
  readonly top1: number;
  /** Share of images whose class was among the `topK` largest. */
  readonly top5: number;
  /** 5, or the number of classes where there are fewer: `top5` says nothing then, see `notes`. */
  readonly topK: number;
  /** Mean of -log of the class's probability. */
  readonly loss: number;
  /** Expected calibration error with 15 bins: 0 where the network is as often right as it is sure. */
  readonly calibrationError: number;
  readonly perClass: readonly ClassReport[];
  readonly averages: ClassAverages;
  /** Images of class `row` that were taken for class `column`. */
  readonly confusion: readonly (readonly number[])[];
  /** The wrong answers that the network was surest of, the surest first; 24 at most. */
  readonly mistakes: readonly Mistake[];
  readonly notes: readonly string[];
  /** For each image, reading included. */
  readonly millisecondsPerImage: number;
  readonly part: ReportPart;
  /** The counts that all figures come from. */
  readonly tally: Tally;
  /** Hashes of the weights, the data, the protocol, the code and the answers. */
  readonly evidence: Evidence;
  /** What the network said of each image, in the data set's order; null without the option `answers`. `verifyReport` needs it. */
  readonly answers: readonly ImageAnswer[] | null;
}

/** Which part of a data set a report is of. */
export interface ReportPart {
  /** Images of the whole data set. */
  readonly images: number;
  /** Images that were computed together: shards take whole batches in turn. */
  readonly batch: number;
  /** [i, n] for each shard that is in: 'batch i, i + n, i + 2n and so on'. The whole data set is [[0, 1]]. */
  readonly shards: readonly (readonly [index: number, count: number])[];
}

/** How often one class was taken for another. */
export interface Confusion {
  readonly category: string;
  readonly takenFor: string;
  readonly count: number;
}

export type { CalibrationBin, ClassAverages, ClassReport, ClassScores, Mistake, Tally };

/** What has to be known for a report; the rest follows. */
export type ReportSource = Pick<
  EvaluationReport,
  'models' | 'protocol' | 'categories' | 'confusion' | 'mistakes' | 'part' | 'tally' | 'evidence' | 'answers'
>;

/** Computes the figures of a report from its counts. */
export function reportOf(source: ReportSource): EvaluationReport {
  const { models, protocol, categories, confusion, mistakes, part, tally, evidence, answers } = source;
  const classes = categories.length;
  const topK = Math.min(5, classes);
  const { count, invalid } = tally;
  const perClass = classReports(confusion, categories);
  const unseen = perClass.filter(({ support }) => support === 0).length;
  const notes = [
    ...(classes <= 5 ? [`top5 is top-${topK}: there are ${classes} classes, so it says nothing`] : []),
    ...(invalid > 0 ? [`${invalid} of ${count} images got NaN from the network and count as wrong`] : []),
    ...(unseen > 0
      ? [`${unseen} of ${classes} classes have no images: their scores count as 0 in the mean of classes`]
      : []),
  ];
  return {
    models,
    protocol,
    categories,
    count,
    top1: tally.top1 / count,
    top5: tally.topK / count,
    topK,
    loss: invalid > 0 ? Number.NaN : tally.loss / sumsPerUnit / count,
    calibrationError: calibrationError(tally),
    perClass,
    averages: averagesOf(perClass),
    confusion,
    mistakes: worstMistakes(mistakes),
    notes,
    millisecondsPerImage: tally.milliseconds / count,
    part,
    tally,
    evidence,
    answers,
  };
}

/**
 * The pairs of classes that were confused most often, the worst first.
 * @param report of `evaluate` or `merge`
 * @param limit how many
 * @example
 * import { evaluate, mostConfused } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet);
 * for (const { category, takenFor, count } of mostConfused(report, 5)) console.log(`${category} as ${takenFor}: ${count}`);
 */
export function mostConfused(report: Pick<EvaluationReport, 'confusion' | 'categories'>, limit: number): Confusion[] {
  const { confusion, categories } = check(
    'report',
    report,
    rule<typeof report>('a report of evaluate or merge', (value) => typeof value === 'object' && value !== null),
  );
  check('confusion', confusion, listOf(listOf(integer(0))));
  check('categories', categories, listOf(rule<string>('a string', (value) => typeof value === 'string')));
  check('limit', limit, integer(0));
  const confused: Confusion[] = [];
  for (const [label, row] of confusion.entries())
    for (const [guess, count] of row.entries())
      if (label !== guess && count > 0)
        confused.push({ category: categories[label] ?? '', takenFor: categories[guess] ?? '', count });
  return confused.sort((a, b) => b.count - a.count).slice(0, limit);
}
