/** The name that is nearest to one that does not exist, or undefined where none is near. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let most = 0.4;
  for (const candidate of names) {
    const similarity = pairsInCommon(letters(name), letters(candidate));
    if (similarity > most) [nearest, most] = [candidate, similarity];
  }
  return nearest;
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
