/** A learning rate for fine-tuning: the loss at growing rates, and where it falls well. */
import { writeFile } from 'node:fs/promises';
import type { LearningRateCurve } from '@cnnzoo/train';
import { findFineTuningRate } from '../../classifier/fine-tune.js';
import type { Output } from '../output.js';
import { fineTuneOptions } from './fine-tune-options.js';
import type { Run } from './run.js';

export interface FoundRate {
  /** For `--learning-rate`; null where the loss never fell. */
  readonly suggestion: number | null;
  readonly points: LearningRateCurve['points'];
}

export async function findRate(run: Run, file: string, output: Output): Promise<FoundRate> {
  const { svg, suggestion, points } = await findFineTuningRate(run.network, run.data, fineTuneOptions(run), (step) => {
    output.event({ type: 'step', ...step });
    output.overwrite(
      `step ${step.step}: learning rate ${step.learningRate.toExponential(1)}, loss ${step.loss.toFixed(3)}`,
    );
  });
  output.overwrite('');
  await writeFile(file, svg);
  return { suggestion, points };
}
