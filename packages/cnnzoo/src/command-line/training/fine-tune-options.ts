import type { FineTuneOptions } from '../../classifier/fine-tune.js';
import { type Run, validationOf } from './run.js';

/** A run's settings as `fineTune` takes them. */
export function fineTuneOptions(run: Run): FineTuneOptions {
  const { epochs, frozenEpochs, batchSize, learningRate, seed, workers, resume, weights, checkpoint } = run;
  const validation = validationOf(run.validation);
  return {
    weights,
    checkpoint,
    ...(epochs !== undefined && { epochs }),
    ...(frozenEpochs !== undefined && { frozenEpochs }),
    ...(batchSize !== undefined && { batchSize }),
    ...(learningRate !== undefined && { learningRate }),
    ...(seed !== undefined && { seed }),
    ...(workers !== undefined && { workers }),
    ...(resume !== undefined && { resume }),
    ...(validation !== undefined && { validation }),
  };
}
