/** Whether an answer of a report can be what was computed here. */
import type { ImageAnswer } from '../report/answers.js';

/**
 * How far the logarithm of a probability may be from the one computed here: 0.01 (1 % of the probability), and 0.2 % of it, because rounding grows
 * with the logits. Backends of float32 differ by a hundredth of this.
 */
const margin = (logarithm: number) => 0.01 + 0.002 * Math.abs(logarithm);

/** A probability of 0 is as small as a number can be. */
const log = (probability: number) => Math.log(Math.max(probability, Number.MIN_VALUE));

/**
 * @param said of the report, for the same pixels and label
 * @param probabilities that were computed here, one for each class
 * @returns what cannot be, or null. A guess or place may be another one where classes are nearly as likely
 */
export function contradictionOf(said: ImageAnswer, probabilities: Float64Array): string | null {
  const { label, guess, place, probability, labelProbability } = said;
  const invalid = probabilities.some(Number.isNaN);
  if (probability === null || labelProbability === null)
    return invalid ? null : 'the report says NaN, the network gives probabilities';
  if (invalid) return 'the network gives NaN, the report probabilities';
  const own = Array.from(probabilities, log);
  const most = own.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const ofGuess = own[guess] ?? Number.NEGATIVE_INFINITY;
  const ofLabel = own[label] ?? Number.NEGATIVE_INFINITY;
  // Two logarithms that are compared may both be off.
  if (ofGuess < most - 2 * margin(most))
    return `the report says class ${guess}, the network class ${own.indexOf(most)}`;
  const slack = 2 * margin(ofLabel);
  const better = own.filter((each, category) => category !== label && each > ofLabel + slack).length;
  const notWorse = own.filter((each, category) => category !== label && each >= ofLabel - slack).length;
  if (place < better || place > notWorse)
    return `the report has class ${label} at place ${place + 1}, the network at place ${better + 1}${notWorse > better ? ` to ${notWorse + 1}` : ''}`;
  for (const [claimed, computed, category] of [
    [log(probability), ofGuess, guess],
    [log(labelProbability), ofLabel, label],
  ] as const)
    if (Math.abs(claimed - computed) > margin(computed))
      return `the report says ${Math.exp(claimed).toPrecision(4)} for class ${category}, the network ${Math.exp(computed).toPrecision(4)}`;
  return null;
}
