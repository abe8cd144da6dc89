/** What a network said of each image, and what a report counts of it. */
import type { Answer as Computed } from '../networks/class-probabilities.js';
import { type Mistake, worstMistakes } from './mistakes.js';
import { likeliest, rank } from './ranking.js';
import { addTallies, type Tally, tallyOf } from './tally.js';

/** What a network said of one image: all that a report counts of it. */
export interface ImageAnswer {
  /** In the data set. */
  readonly index: number;
  /** The first 128 bits of the SHA-256 of the image's size and pixels, in hexadecimal digits. */
  readonly image: string;
  readonly label: number;
  /** The class with the largest probability. */
  readonly guess: number;
  /** The place of the right class by probability, 0 being the first. */
  readonly place: number;
  /** Of the guess; null where the network said NaN. */
  readonly probability: number | null;
  /** Of the right class; null where the network said NaN. */
  readonly labelProbability: number | null;
}

/** What is known of an image beside what the network says. */
export interface KnownImage {
  readonly label: number;
  /** See {@link ImageAnswer}. */
  readonly image: string;
}

export function answerOf({ index, known, probabilities }: Computed<KnownImage>): ImageAnswer {
  const { label, image } = known;
  const guess = likeliest(probabilities);
  const valid = !probabilities.some(Number.isNaN);
  // A mean of probabilities may be above 1 by its rounding.
  const of = (category: number) => (valid ? Math.min(1, probabilities[category] ?? Number.NaN) : null);
  return {
    index,
    image,
    label,
    guess,
    place: rank(probabilities, label),
    probability: of(guess),
    labelProbability: of(label),
  };
}

/** What the figures of a report come from. */
export interface Counts {
  readonly tally: Tally;
  /** Images of class `row` that were taken for class `column`. */
  readonly confusion: readonly (readonly number[])[];
  readonly mistakes: readonly Mistake[];
}

/** Counts answers as they come. */
export interface AnswerCounter {
  add(answers: readonly ImageAnswer[]): void;
  counts(): Counts;
}

/** @param topK those whose class is among the first so many count for `topK` */
export function answerCounter(classes: number, topK: number): AnswerCounter {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let tally = tallyOf([], topK);
  let mistakes: readonly Mistake[] = [];
  return {
    add(answers) {
      tally = addTallies(tally, tallyOf(answers, topK));
      for (const { label, guess } of answers) {
        const row = confusion[label];
        if (row !== undefined) row[guess] = (row[guess] ?? 0) + 1;
      }
      mistakes = worstMistakes([...mistakes, ...answers.flatMap(mistakeOf)]);
    },
    counts: () => ({ tally, confusion, mistakes }),
  };
}

function mistakeOf({ index, label, guess, probability, labelProbability }: ImageAnswer): Mistake[] {
  if (guess === label || probability === null || labelProbability === null) return [];
  return [{ index, label, guess, probability, labelProbability }];
}
