/** Looks for what people get wrong in silence, where it costs nothing: before the run, at its first batch, and in figures that are read anyway. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Batch, Loader } from '../loop/batch.js';
import { watchLoss } from './exploding-loss.js';
import { fittingStatistics, frozenStatistics } from './frozen-batch-norm.js';
import { type TrainWarnings, warnOnce } from './mistakes.js';
import { watchLabels } from './one-class.js';
import { rawPixels } from './pixel-range.js';
import { sharedImages } from './validation-images.js';

/** What a run tells of itself. */
export interface RunWatch {
  begin(): Promise<void>;
  batch(batch: Batch): Promise<void>;
  step(loss: number, step: number, learningRate: number): void;
  /** @param whole whether the run saw all batches of the epoch */
  endEpoch(whole: boolean): void;
}

export function watchRun(
  wanted: false | TrainWarnings,
  model: LayersModel,
  loader: Loader,
  validation: Loader | null,
): RunWatch {
  const { isOpen, warn } = warnOnce(wanted);
  const classes = Number(model.outputs[0]?.shape.at(-1));
  const labels = watchLabels();
  const loss = watchLoss(classes);
  let first = true;
  const tell = (mistake: keyof TrainWarnings, fault: string | null) => {
    if (fault !== null) warn(mistake, fault);
  };
  return {
    async begin() {
      if (validation !== null && isOpen('validationImages')) tell('validationImages', sharedImages(loader, validation));
      if (isOpen('frozenBatchNorm')) tell('frozenBatchNorm', await frozenStatistics(model));
    },
    async batch(batch) {
      if (first) {
        first = false;
        const raw = isOpen('pixelRange') ? await rawPixels(model, batch.images) : null;
        tell('pixelRange', raw);
        // Statistics that do not fit raw pixels are no second mistake.
        if (raw === null && isOpen('frozenBatchNorm'))
          tell('frozenBatchNorm', await fittingStatistics(model, batch.images));
      }
      if (classes > 1 && isOpen('oneClass')) tell('oneClass', await labels.look(batch));
    },
    step(measured, step, learningRate) {
      if (isOpen('explodingLoss')) tell('explodingLoss', loss(measured, step, learningRate));
    },
    endEpoch(whole) {
      if (whole && isOpen('oneClass')) tell('oneClass', labels.endEpoch());
    },
  };
}
