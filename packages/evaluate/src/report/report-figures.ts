import type { ClassReport, EvaluationReport, Mistake } from './report.js';

export const percent = (share: number): string => (Number.isNaN(share) ? '–' : `${(100 * share).toFixed(2)} %`);

/** A probability as text: one near 0 or 1 is not rounded to 0 or 1. */
export function certainty(probability: number): string {
  if (probability >= 0.99995) return '> 99.99 %';
  return probability < 0.00005 ? '< 0.01 %' : percent(probability);
}

/** The figures of a report by name, as Markdown and HTML have them. */
export function figureRows(report: EvaluationReport): [name: string, value: string][] {
  const { count, top1, top5, topK, loss, calibrationError, millisecondsPerImage, part, averages } = report;
  const { macro, weighted } = averages;
  const { shards, images } = part;
  const whole = shards.length === 1 && shards[0]?.[1] === 1;
  return [
    ['images', whole ? count.toLocaleString('en') : `${count.toLocaleString('en')} of ${images.toLocaleString('en')}`],
    ['top-1 accuracy', percent(top1)],
    ['top-1 error', percent(1 - top1)],
    // Top-3 of 3 classes is always right.
    [`top-${topK} accuracy`, report.categories.length > topK ? percent(top5) : `${percent(top5)}, which says nothing`],
    [`top-${topK} error`, percent(1 - top5)],
    ['precision, recall, F1 (mean of classes)', [macro.precision, macro.recall, macro.f1].map(percent).join(', ')],
    [
      'precision, recall, F1 (mean weighted by images)',
      [weighted.precision, weighted.recall, weighted.f1].map(percent).join(', '),
    ],
    ['mean loss', loss.toFixed(4)],
    ['calibration error (ECE, 15 bins)', percent(calibrationError)],
    ['time per image', `${millisecondsPerImage.toFixed(2)} ms`],
  ];
}

/** Which image was mistaken: its file, where the data set says one. */
export function mistakeName({ index, file }: Mistake): string {
  return file ?? `image ${index}`;
}

/** Classes with images, those least often recognized first. */
export function worstClasses({ perClass }: EvaluationReport, limit: number): ClassReport[] {
  return perClass
    .filter(({ support }) => support > 0)
    .toSorted((a, b) => a.recall - b.recall || b.support - a.support)
    .slice(0, limit);
}
