/** What does a run. */
import { type Run, type RunListeners, type Trained, validationOf } from './run.js';

/** Trains, and saves the classifier where the run has come to its end. */
export async function train(run: Run, listeners: RunListeners): Promise<Trained> {
  if (run.recipe !== undefined) {
    const { trainByRecipe } = await import('./train-by-recipe.js');
    return trainByRecipe(run, run.recipe, listeners);
  }
  const { fineTune } = await import('../../classifier/fine-tune.js');
  const { epochs, frozenEpochs, batchSize, learningRate, seed, workers, resume, weights, checkpoint } = run;
  const validation = validationOf(run.validation);
  const classifier = await fineTune(run.network, run.data, {
    weights,
    checkpoint,
    onEvent: listeners.onEvent,
    ...(epochs !== undefined && { epochs }),
    ...(frozenEpochs !== undefined && { frozenEpochs }),
    ...(batchSize !== undefined && { batchSize }),
    ...(learningRate !== undefined && { learningRate }),
    ...(seed !== undefined && { seed }),
    ...(workers !== undefined && { workers }),
    ...(resume !== undefined && { resume }),
    ...(validation !== undefined && { validation }),
  });
  const { history, report, categories } = classifier;
  if (history.interrupted === null) await classifier.save(run.out);
  await classifier.dispose();
  return { history, report, categories };
}
