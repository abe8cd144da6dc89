import { expect, test } from 'vitest';
import cases from '../fixtures/class-scores.json' with { type: 'json' };
import { averagesOf, classReports } from './class-scores.js';

test.each(cases)(
  "precision, recall, F1 and support are scikit-learn's: case %#",
  ({ confusion, perClass, averages }) => {
    const reports = classReports(
      confusion,
      confusion.map((_, label) => `class ${label}`),
    );
    for (const [label, { precision, recall, f1, support }] of perClass.entries()) {
      expect(reports[label]?.support).toBe(support);
      expect(reports[label]?.precision).toBeCloseTo(precision, 12);
      expect(reports[label]?.recall).toBeCloseTo(recall, 12);
      expect(reports[label]?.f1).toBeCloseTo(f1, 12);
    }
    const found = averagesOf(reports);
    for (const mean of ['macro', 'weighted'] as const)
      for (const score of ['precision', 'recall', 'f1'] as const)
        expect(found[mean][score], `${mean} ${score}`).toBeCloseTo(averages[mean][score], 12);
  },
);
