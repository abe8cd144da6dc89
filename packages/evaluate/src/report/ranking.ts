/**
 * The place of a class among the others by probability, 0 being the first. Of equal ones the first counts as the largest; a class
 * whose probability is NaN comes last.
 */
export function rank(probabilities: Float64Array, label: number): number {
  const own = probabilities[label] ?? Number.NaN;
  let beaten = 0;
  for (let k = 0; k < probabilities.length; k++) {
    const other = probabilities[k] ?? Number.NaN;
    if (other < own || (other === own && k > label)) beaten++;
  }
  return probabilities.length - 1 - beaten;
}

/** The classes with the largest probabilities, the largest first. */
export function largest(probabilities: Float64Array, count: number): number[] {
  return Array.from(probabilities.keys())
    .sort((a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0))
    .slice(0, count);
}

/** The class with the largest probability, the first of equal ones; 0 where all are NaN. */
export function likeliest(probabilities: Float64Array): number {
  let best = 0;
  for (let k = 1; k < probabilities.length; k++) if ((probabilities[k] ?? 0) > (probabilities[best] ?? 0)) best = k;
  return best;
}
