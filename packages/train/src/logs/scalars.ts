import type { TrainEvent } from '../loop/events.js';

/** A figure and its name, such as 'validation/accuracy'. */
export type Scalar = readonly [tag: string, value: number];

/** The figures of a step, or of an epoch in training and validation; none of other events. */
export function scalarsOf(event: TrainEvent): Scalar[] {
  if (event.type === 'step') {
    const { loss, accuracy, learningRate, gradientNorm, metrics } = event;
    const own = { loss, accuracy, learningRate, gradientNorm, ...metrics };
    return Object.entries(own).map(([name, value]) => [`step/${name}`, value]);
  }
  if (event.type !== 'epoch') return [];
  const { loss, accuracy, metrics, validation } = event;
  const sets = [['training', { loss, accuracy, metrics }] as const, ['validation', validation] as const];
  return sets.flatMap(([set, score]) =>
    score === undefined
      ? []
      : Object.entries({ loss: score.loss, accuracy: score.accuracy, ...score.metrics }).map(
          ([name, value]): Scalar => [`${set}/${name}`, value],
        ),
  );
}
