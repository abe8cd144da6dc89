/** Sums over the pictures of a batch, for so many pictures at a time that what is made for them stays small. */
import type { GraphBuilder } from '../../graph/graph-builder.js';

/** Bytes that are made for one turn. */
const turnBytes = 2 ** 26;

/**
 * @param bytes of what `sum` makes for one picture
 * @param values names of values [batch, …] that are split
 * @param sum of the pictures of one turn: given the parts of the values and how many pictures they have, it returns a name
 * @returns the name of the sum over all turns
 */
export function sumInTurns(
  graph: GraphBuilder,
  batch: number,
  bytes: number,
  values: readonly string[],
  sum: (parts: readonly string[], pictures: number) => string,
): string {
  const most = Math.max(1, Math.min(batch, Math.floor(turnBytes / bytes)));
  if (most === batch) return sum(values, batch);
  const turns = Array.from({ length: Math.ceil(batch / most) }, (_, turn) => Math.min(most, batch - turn * most));
  const parts = values.map((value) => graph.split(value, turns, 0));
  const sums = turns.map((pictures, turn) => {
    const own = parts.map((part) => part[turn] ?? '');
    return sum(own, pictures);
  });
  return graph.op('Sum', sums);
}
