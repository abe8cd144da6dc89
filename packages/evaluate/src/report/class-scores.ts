/** How the images of one class were classified, as scikit-learn's `classification_report` says it. */
export interface ClassReport extends ClassScores {
  readonly category: string;
  /** Images of the class. */
  readonly support: number;
}

/** What a classifier is worth for a class. A share of nothing is 0. */
export interface ClassScores {
  /** Share of the images taken for it that are of it. */
  readonly precision: number;
  /** Share of its images that were taken for it. */
  readonly recall: number;
  /** Harmonic mean of both. */
  readonly f1: number;
}

/** Means over all classes: each the same, or by its images. */
export interface ClassAverages {
  readonly macro: ClassScores;
  readonly weighted: ClassScores;
}

/** Precision, recall and F1 of each class from a confusion matrix. A share of nothing is 0, as scikit-learn has it. */
export function classReports(
  confusion: readonly (readonly number[])[],
  categories: readonly string[],
): readonly ClassReport[] {
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  const taken = new Array<number>(categories.length).fill(0);
  for (const row of confusion) for (const [guess, count] of row.entries()) taken[guess] = (taken[guess] ?? 0) + count;
  return categories.map((category, label) => {
    const row = confusion[label] ?? [];
    const support = row.reduce((sum, value) => sum + value, 0);
    const right = row[label] ?? 0;
    return {
      category,
      support,
      precision: share(right, taken[label] ?? 0),
      recall: share(right, support),
      f1: share(2 * right, support + (taken[label] ?? 0)),
    };
  });
}

/** Means over the classes. */
export function averagesOf(reports: readonly ClassReport[]): ClassAverages {
  const mean = (weight: (report: ClassReport) => number): ClassScores => {
    const total = reports.reduce((sum, report) => sum + weight(report), 0);
    const of = (score: keyof ClassScores) =>
      reports.reduce((sum, report) => sum + weight(report) * report[score], 0) / total;
    return { precision: of('precision'), recall: of('recall'), f1: of('f1') };
  };
  return { macro: mean(() => 1), weighted: mean(({ support }) => support) };
}
