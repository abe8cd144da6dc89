/** Those of `names` that one that does not exist is likely to mean, the nearest first. */
export function nearestNames(name: string, names: readonly string[]): string[] {
  return names
    .map((candidate) => ({ candidate, similarity: pairsInCommon(letters(name), letters(candidate)) }))
    .filter(({ similarity }) => similarity > 0.4)
    .sort((a, b) => b.similarity - a.similarity)
    .map(({ candidate }) => candidate);
}

/** Without what people confuse first: capitals and punctuation. No misspelt name is longer than this. */
function letters(name: string): string {
  return name.slice(0, 99).toLowerCase().replace(/\W|_/g, '');
}

/** The share of pairs of neighbouring letters that one name has of the other, from 0 to 1: misspelling costs one or two pairs. */
function pairsInCommon(one: string, other: string): number {
  let common = 0;
  for (let i = 1; i < one.length; i++) if (other.includes(one.slice(i - 1, i + 1))) common++;
  return common / (Math.max(one.length, other.length) - 1);
}
