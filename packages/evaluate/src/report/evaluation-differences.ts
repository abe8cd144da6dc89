import type { EvaluationIdentity } from '../evidence/evidence.js';
import type { EvaluationReport } from './report.js';

/** What makes an evaluation the one it is. Every report has it. */
export interface EvaluationDescription extends Pick<EvaluationReport, 'models' | 'protocol' | 'categories'> {
  readonly part: Pick<EvaluationReport['part'], 'images' | 'batch'>;
  readonly evidence: EvaluationIdentity;
}

/** One thing that two evaluations have differently. */
export interface EvaluationDifference {
  readonly kind: 'weights' | 'data' | 'protocol' | 'code' | 'name' | 'batch';
  readonly what: string;
  readonly own: unknown;
  readonly other: unknown;
}

/** What two evaluations have differently: shards of one have nothing. */
export function evaluationDifferences(
  own: EvaluationDescription,
  other: EvaluationDescription,
): EvaluationDifference[] {
  const rows: readonly (readonly [
    kind: EvaluationDifference['kind'],
    what: string,
    of: (evaluation: EvaluationDescription) => unknown,
  ])[] = [
    ['name', 'models', ({ models }) => models],
    ['protocol', 'protocol', ({ protocol }) => protocol],
    ['data', 'categories', ({ categories }) => categories],
    ['data', 'number of images', ({ part }) => part.images],
    ['batch', 'images in a batch', ({ part }) => part.batch],
    ['weights', "weights' hash", ({ evidence }) => evidence.weights],
    ['protocol', "protocol's hash", ({ evidence }) => evidence.protocol],
    ['data', "data's hash", ({ evidence }) => evidence.data],
    ['code', 'version of @cnnzoo/evaluate', ({ evidence }) => evidence.code.evaluate],
    ['code', 'version of tfjs', ({ evidence }) => evidence.code.tfjs],
    ['code', 'backend', ({ evidence }) => evidence.code.backend],
  ];
  return rows.flatMap(([kind, what, of]) =>
    JSON.stringify(of(own)) === JSON.stringify(of(other)) ? [] : [{ kind, what, own: of(own), other: of(other) }],
  );
}
