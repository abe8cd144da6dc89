/** What does a run. */
import { fineTuneOptions } from './fine-tune-options.js';
import type { Run, RunListeners, Trained } from './run.js';

/** Trains, and saves the classifier where the run has come to its end. */
export async function train(run: Run, listeners: RunListeners): Promise<Trained> {
  if (run.recipe !== undefined) {
    const { trainByRecipe } = await import('./train-by-recipe.js');
    return trainByRecipe(run, run.recipe, listeners);
  }
  const { fineTune } = await import('../../classifier/fine-tune.js');
  const classifier = await fineTune(run.network, run.data, { ...fineTuneOptions(run), onEvent: listeners.onEvent });
  const { history, report, categories } = classifier;
  if (history.interrupted === null) await classifier.save(run.out);
  await classifier.dispose();
  return { history, report, categories };
}
