/** The name that is nearest to one that does not exist, or undefined where none is near: at most a third of its letters differ. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(plain(name), plain(candidate));
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Without what people confuse first: capitals, hyphens, underscores. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}

/** How many letters have to be inserted, left out or replaced (Levenshtein); two letters swapped count as one. */
function editDistance(from: string, to: string): number {
  // A name as long as this is no misspelt one, and the distance takes time in proportion to the product of the lengths.
  if (from.length > 100) return Infinity;
  let [before, previous]: [number[], number[]] = [[], Array.from({ length: to.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= from.length; i++) {
    const current = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      current[j] = Math.min(
        replaced,
        (previous[j] ?? 0) + 1,
        (current[j - 1] ?? 0) + 1,
        swapped ? (before[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    [before, previous] = [previous, current];
  }
  return previous[to.length] ?? Infinity;
}
