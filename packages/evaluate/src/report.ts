/** What an evaluation found. */
export interface EvaluationReport {
  readonly protocol: string;
  readonly categories: readonly string[];
  /** Pictures. */
  readonly count: number;
  /** Share of pictures whose class had the largest probability. */
  readonly top1: number;
  /** Share of pictures whose class was among the five largest; with fewer than five classes, see `notes`. */
  readonly top5: number;
  /** Mean of -log of the class's probability. */
  readonly loss: number;
  readonly perClass: readonly ClassReport[];
  /** Pictures of class `row` that were taken for class `column`. */
  readonly confusion: readonly (readonly number[])[];
  readonly notes: readonly string[];
  /** For each picture, loading included. */
  readonly millisecondsPerPicture: number;
}

export interface ClassReport {
  readonly category: string;
  readonly count: number;
  /** Share of its pictures that were taken for it; NaN without pictures. */
  readonly accuracy: number;
}

/** How often one class was taken for another. */
export interface Confusion {
  readonly category: string;
  readonly takenFor: string;
  readonly count: number;
}

/**
 * The pairs of classes that were confused most often, the worst first.
 * @param limit how many
 * @example
 * for (const { category, takenFor, count } of mostConfused(report, 5)) console.log(`${category} as ${takenFor}: ${count}`);
 */
export function mostConfused({ confusion, categories }: EvaluationReport, limit: number): Confusion[] {
  return confusion
    .flatMap((row, label) =>
      row.map((count, guess) => ({
        category: categories[label] ?? '',
        takenFor: categories[guess] ?? '',
        count,
        same: label === guess,
      })),
    )
    .filter(({ same, count }) => !same && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, limit)
    .map(({ category, takenFor, count }) => ({ category, takenFor, count }));
}
