import { callable, check, checkOptions, integer, number, type OptionRules, optional, string } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import { checkDataset, imageReader } from '../checked-dataset.js';
import { descriptionOf } from '../describe-evaluation.js';
import { batchEvidence } from '../evidence/evidence.js';
import { datasetRule, type LabelledImages } from '../labelled-images.js';
import { classProbabilities, imagesPerBatch } from '../networks/class-probabilities.js';
import { type Classifier, type Network, openNetworks } from '../networks/classifier.js';
import { type Protocol, protocolRule } from '../protocols/protocol.js';
import { singleCrop } from '../protocols/single-crop.js';
import { answerCounter, type ImageAnswer } from '../report/answers.js';
import { evaluationDifferences } from '../report/evaluation-differences.js';
import type { EvaluationReport } from '../report/report.js';
import { reportRule } from '../report/report-rule.js';
import { batchesOf } from '../shard.js';
import { contradictionOf } from './compare-answers.js';
import { drawSample, freshSeed, sampleSize } from './sample.js';

/** The options of `verifyReport`. */
export interface VerifyOptions {
  /** Default: `singleCrop()`, with the preprocessing in the model's metadata. */
  readonly protocol?: Protocol;
  /** Inputs (crops) in one forward pass. Default: as `evaluate`. */
  readonly batchSize?: number;
  /** The share of the answers that someone may have changed, and that is to be found. Default 0.01. */
  readonly changed?: number;
  /** How likely such a change is to be found, below 1. Default 0.99. */
  readonly confidence?: number;
  /** Draws the images. Default: fresh randomness, because whoever knows which images are recomputed can change the others. A verification's own seed repeats it. */
  readonly seed?: string;
  /** Told after each batch how many images are recomputed. */
  readonly onEvent?: (event: VerifyEvent) => void;
}

/** How far a verification is. */
export interface VerifyEvent {
  readonly type: 'verified';
  readonly done: number;
  /** Images that are recomputed. */
  readonly total: number;
}

/** What recomputing a sample says of a report. */
export interface Verification {
  /**
   * 'consistent': the report can be true. 'contradicted': it is not, see `contradictions`. 'different': the report is of other weights, another
   * protocol or other data than were given, or of other code whose answers are others, see `differences`; this says nothing of its truth.
   */
  readonly verdict: 'consistent' | 'contradicted' | 'different';
  /** What the report is of, and was not given here. Other code alone is no verdict. */
  readonly differences: readonly VerificationDifference[];
  readonly contradictions: readonly Contradiction[];
  /** Images of the report. */
  readonly images: number;
  /** Images that were recomputed. */
  readonly recomputed: number;
  readonly changed: number;
  readonly confidence: number;
  readonly seed: string;
}

/** Something that a report has otherwise than what was given. */
export interface VerificationDifference {
  readonly what: 'weights' | 'protocol' | 'data' | 'code';
  readonly reason: string;
}

/** Something in a report that cannot be. */
export interface Contradiction {
  /** The image, or null where the report contradicts itself. */
  readonly index: number | null;
  readonly reason: string;
}

const verifyRules: OptionRules<VerifyOptions> = {
  protocol: optional(protocolRule),
  batchSize: optional(integer(1)),
  changed: optional(number(1e-9, 1)),
  confidence: optional(number(0, 1 - 1e-9)),
  seed: optional(string()),
  onEvent: optional(callable<(event: VerifyEvent) => void>('a function of the event')),
};

/**
 * Finds out whether a report can be true: checks that its figures follow from its answers, and recomputes the answers of a random sample of its
 * images. Where a share `changed` of the answers is not what the network says, the sample has one of them with the probability `confidence`: of
 * 10,000 images with 1 % changed, 448 find it with 99 %. Probabilities within 1 % count as equal, and classes that are as near to each other as
 * equally likely, because machines round differently.
 *
 * @param report of `evaluate` with `answers: true`, or such reports merged
 * @param models the network that it is said to be of: your own copy
 * @param dataset the images that it is said to be of: your own copy
 * @throws TypeError or RangeError before any work where the report has no answers, or the data set does not fit the network
 * @example
 * import { readFile } from 'node:fs/promises';
 * import { reportFromJson, verifyReport } from '@cnnzoo/evaluate';
 *
 * const report = reportFromJson(await readFile('report.json', 'utf8'));
 * const { verdict, recomputed, contradictions } = await verifyReport(report, model, testSet);
 * console.log(verdict, recomputed, contradictions);
 */
export async function verifyReport(
  report: EvaluationReport,
  models: Classifier | readonly Classifier[],
  dataset: LabelledImages,
  options: VerifyOptions = {},
): Promise<Verification> {
  const { answers } = check('report', report, reportRule);
  check('dataset', dataset, datasetRule);
  const {
    protocol = singleCrop(),
    batchSize,
    changed = 0.01,
    confidence = 0.99,
    seed = freshSeed(),
    onEvent = () => {},
  } = checkOptions('verifyReport', options, verifyRules);
  if (answers === null)
    throw new RangeError('report.answers is null, so nothing can be compared: evaluate with { answers: true }');
  const networks = openNetworks(models, protocol);
  try {
    const images = answers.length;
    const about = { images, changed, confidence, seed };
    const differences = await differencesOf(report, models, networks, dataset);
    if (differences.some(({ what }) => what !== 'code'))
      return { ...about, verdict: 'different', differences, contradictions: [], recomputed: 0 };
    checkDataset(dataset, networks);
    const unlike = [...(await selfContradictions(report)), ...labelContradictions(answers, dataset)];
    if (unlike.length > 0)
      return { ...about, verdict: 'contradicted', differences, contradictions: unlike, recomputed: 0 };
    const sample = await drawSample(sampleSize(images, changed, confidence), images, seed);
    const said = sample.map((place) => answers[place] as ImageAnswer);
    const found = await recompute(said, networks, dataset, batchSize, onEvent);
    const contradicted = found.contradictions.length > 0;
    const otherCode = differences.length > 0;
    return {
      ...about,
      verdict:
        contradicted && !otherCode
          ? 'contradicted'
          : contradicted || found.differences.length > 0
            ? 'different'
            : 'consistent',
      differences: [...differences, ...found.differences],
      contradictions: found.contradictions,
      recomputed: sample.length,
    };
  } finally {
    for (const network of networks) network.dispose();
  }
}

async function differencesOf(
  report: EvaluationReport,
  models: Classifier | readonly Classifier[],
  networks: readonly Network[],
  dataset: LabelledImages,
): Promise<VerificationDifference[]> {
  const own = await descriptionOf(models, networks, dataset, report.part.batch);
  return evaluationDifferences(report, own).flatMap(({ kind, what, own: said, other }) =>
    kind === 'name' || kind === 'batch'
      ? []
      : [{ what: kind, reason: `the ${what} is ${JSON.stringify(said)} in the report, here ${JSON.stringify(other)}` }],
  );
}

/** Figures that do not follow from the answers, and answers that are not those that were hashed. */
async function selfContradictions({
  answers,
  categories,
  tally,
  confusion,
  mistakes,
  part,
  evidence,
}: EvaluationReport): Promise<Contradiction[]> {
  if (answers === null) return [];
  const counter = answerCounter(categories.length, Math.min(5, categories.length));
  counter.add(answers);
  const counts = counter.counts();
  const timeless = { ...tally, milliseconds: 0 };
  const found: Contradiction[] = [];
  for (const [name, said, counted] of [
    ['tally', timeless, { ...timeless, ...counts.tally }],
    ['confusion', confusion, counts.confusion],
    ['mistakes', mistakes.map(withoutFile), counts.mistakes.map(withoutFile)],
  ] as const)
    if (!same(said, counted)) found.push({ index: null, reason: `its ${name} does not follow from its answers` });
  for (const { index, images, answers: hash } of evidence.batches) {
    const own = await batchEvidence(
      index,
      answers.filter((answer) => Math.floor(answer.index / part.batch) === index),
    );
    if (own.images !== images || own.answers !== hash)
      found.push({ index: null, reason: `the answers of batch ${index} are not those of its hash` });
  }
  return found;
}

/** Whether values of JSON are the same, in whatever order an object has its fields. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [fields, others] = [a, b] as Readonly<Record<string, unknown>>[];
  const keys = Object.keys(fields ?? {});
  return keys.length === Object.keys(others ?? {}).length && keys.every((key) => same(fields?.[key], others?.[key]));
}

const withoutFile = ({ index, label, guess, probability, labelProbability }: EvaluationReport['mistakes'][number]) => [
  index,
  label,
  guess,
  probability,
  labelProbability,
];

/** The data set's labels are the report's, as their hash says: an answer that has another one was changed. */
function labelContradictions(answers: readonly ImageAnswer[], { labels }: LabelledImages): Contradiction[] {
  if (labels === undefined) return [];
  return answers.flatMap(({ index, label }) =>
    labels[index] === label
      ? []
      : [{ index, reason: `the report says that its label is ${label}, it is ${labels[index]}` }],
  );
}

async function recompute(
  said: readonly ImageAnswer[],
  networks: readonly Network[],
  dataset: LabelledImages,
  batchSize: number | undefined,
  onEvent: (event: VerifyEvent) => void,
): Promise<{ differences: VerificationDifference[]; contradictions: Contradiction[] }> {
  const differences: VerificationDifference[] = [];
  const contradictions: Contradiction[] = [];
  const read = imageReader(dataset);
  const batches = batchesOf(said.length, imagesPerBatch(networks, batchSize), [0, 1]);
  let done = 0;
  for await (const computed of classProbabilities(networks, batches, (k) => read(said[k]?.index ?? -1), batchSize)) {
    for (const { index: k, known, probabilities } of computed) {
      const answer = said[k];
      if (answer === undefined) continue;
      const { index, image, label } = answer;
      if (known.image !== image)
        differences.push({
          what: 'data',
          reason: `image ${index} has other pixels here: other data, or another decoder`,
        });
      else if (known.label !== label)
        differences.push({
          what: 'data',
          reason: `image ${index} has label ${known.label} here, ${label} in the report`,
        });
      else {
        const reason = contradictionOf(answer, probabilities);
        if (reason !== null) contradictions.push({ index, reason });
      }
    }
    done += computed.length;
    onEvent({ type: 'verified', done, total: said.length });
    // Lets signals and timers in.
    await tf.nextFrame();
  }
  return { differences, contradictions };
}
