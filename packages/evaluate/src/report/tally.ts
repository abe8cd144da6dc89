/**
 * What an evaluation counts while it runs. All are integers, so that shards added up in any order equal one run exactly, which sums
 * of floats would not.
 */
export interface Tally {
  /** Images. */
  readonly count: number;
  readonly top1: number;
  readonly topK: number;
  /** Images for which the network said NaN. They are wrong, and in none of the sums below. */
  readonly invalid: number;
  /** Sum of -log of the class's probability, in units of 2^-24. */
  readonly loss: number;
  /** By how sure the network was, from 0 to 1 in steps of the same width. */
  readonly calibration: readonly CalibrationBin[];
  readonly milliseconds: number;
}

/** Images for which the largest probability was within an interval. */
export interface CalibrationBin {
  readonly count: number;
  readonly correct: number;
  /** Sum of the largest probabilities, in units of 2^-24. */
  readonly confidence: number;
}

/** Below the rounding of float32 logits; sums stay exact up to 2^53 of these, half a billion nats. */
export const sumsPerUnit = 2 ** 24;

/** Guo et al., "On calibration of modern neural networks" (2017), section 3: M = 15. */
export const calibrationBins = 15;

export const emptyTally: Tally = {
  count: 0,
  top1: 0,
  topK: 0,
  invalid: 0,
  loss: 0,
  calibration: Array.from({ length: calibrationBins }, () => ({ count: 0, correct: 0, confidence: 0 })),
  milliseconds: 0,
};

/** How a network judged an image. */
interface Judgement {
  /** The place of the right class by probability, 0 being the first. */
  readonly place: number;
  /** The largest one, and that of the right class; null where the network said NaN. */
  readonly probability: number | null;
  readonly labelProbability: number | null;
}

/** Counts answers; those whose class is among the first k count for `topK`. */
export function tallyOf(answers: readonly Judgement[], k: number): Tally {
  const calibration = emptyTally.calibration.map((bin) => ({ ...bin }));
  let [top1, topK, invalid, loss] = [0, 0, 0, 0];
  for (const { place, probability, labelProbability } of answers) {
    if (probability === null || labelProbability === null) {
      invalid++;
      continue;
    }
    if (place === 0) top1++;
    if (place < k) topK++;
    loss += Math.round(-Math.log(Math.max(labelProbability, Number.MIN_VALUE)) * sumsPerUnit);
    // The intervals are open below and closed above.
    const bin = calibration[Math.min(calibrationBins - 1, Math.max(0, Math.ceil(probability * calibrationBins) - 1))];
    if (bin === undefined) continue;
    bin.count++;
    bin.confidence += Math.round(probability * sumsPerUnit);
    if (place === 0) bin.correct++;
  }
  return { count: answers.length, top1, topK, invalid, loss, calibration, milliseconds: 0 };
}

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    count: a.count + b.count,
    top1: a.top1 + b.top1,
    topK: a.topK + b.topK,
    invalid: a.invalid + b.invalid,
    loss: a.loss + b.loss,
    calibration: a.calibration.map((bin, i) => ({
      count: bin.count + (b.calibration[i]?.count ?? 0),
      correct: bin.correct + (b.calibration[i]?.correct ?? 0),
      confidence: bin.confidence + (b.calibration[i]?.confidence ?? 0),
    })),
    milliseconds: a.milliseconds + b.milliseconds,
  };
}

/**
 * Expected calibration error: the distance between how sure the network is and how often it is right, averaged over the images (Guo et
 * al. 2017, equation 3): sum over bins of |correct - sum of confidences| / images.
 */
export function calibrationError({ calibration, count, invalid }: Tally): number {
  return (
    calibration.reduce((sum, { correct, confidence }) => sum + Math.abs(correct - confidence / sumsPerUnit), 0) /
    (count - invalid)
  );
}
