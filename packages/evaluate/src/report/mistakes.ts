/** An image that was taken for something else. */
export interface Mistake {
  /** In the data set. */
  readonly index: number;
  /** Where the data set's images are files. */
  readonly file?: string;
  readonly label: number;
  /** The class with the largest probability. */
  readonly guess: number;
  /** Of the guess. */
  readonly probability: number;
  /** Of the right class. */
  readonly labelProbability: number;
}

const mistakesKept = 24;

/** The surest ones; in a fixed order where they are as sure, so that it does not matter who found them when. */
export function worstMistakes(mistakes: readonly Mistake[]): Mistake[] {
  return mistakes.toSorted((a, b) => b.probability - a.probability || a.index - b.index).slice(0, mistakesKept);
}
