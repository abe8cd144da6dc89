/** Training as a paper did: its optimizer, schedule, regularisation, augmentation and batch size, on images of one's own. */
import { setZca } from '@cnnzoo/blocks';
import type { DataLoader, Dataset } from '@cnnzoo/data';
import { type Preprocessing, readMetadata, writeMetadata } from '@cnnzoo/metadata';
import type { RecipeName } from '@cnnzoo/train';
import type { Zca } from '@cnnzoo/transforms';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { imageClassifier } from '../../classifier/classifier.js';
import { openTestImages, openTrainingImages } from '../../classifier/labelled-images.js';
import { createModel } from '../../networks/create-model.js';
import { fromPretrained } from '../../networks/from-pretrained.js';
import { useBackend } from '../../use-backend.js';
import { networkRow } from '../network-names.js';
import { type Run, type RunListeners, type Trained, validationOf } from './run.js';

/** The share of the images that is set aside where the folder has no images for validation. */
const validationShare = 0.1;

export async function trainByRecipe(run: Run, name: RecipeName, { onEvent, note }: RunListeners): Promise<Trained> {
  const [{ DataLoader, split }, { recipeOptions, recipes, train }, { evaluationTransform, recipeAugmentation }] =
    await Promise.all([import('@cnnzoo/data'), import('@cnnzoo/train'), import('@cnnzoo/transforms')]);
  await useBackend();
  const recipe = recipes[name];
  const { seed = 0, workers = 1, batchSize = recipe.batchSize, epochs = recipe.epochs } = run;
  if ('preInitialise' in recipe && recipe.preInitialise !== undefined)
    note(`the paper trains ${recipe.preInitialise} first and begins with its weights: give them with --weights`);
  if ('notes' in recipe) note(`recipe ${name}: ${recipe.notes}`);

  const channels = networkRow(run.network).input.endsWith('x1') ? 1 : 3;
  const opened = await openTrainingImages(run.data, channels);
  const { categories } = opened.training;
  let { training, validation } = opened;
  const place = validationOf(run.validation);
  if (typeof place === 'string') validation = await openTestImages(place, categories, channels);
  else if (validation === null || place !== undefined) {
    const share = place ?? validationShare;
    ({ training, validation } = await split(opened.training, { training: 1 - share, validation: share }, { seed }));
  }

  const whitening = 'whitening' in recipe && run.weights === null ? recipe.whitening : undefined;
  if ('whitening' in recipe && run.weights !== null)
    note('the recipe whitens images, which these weights were not trained on: they are not whitened here');
  const own = {
    ...{ numClasses: categories.length, seed },
    ...('dropout' in recipe && { dropout: recipe.dropout }),
    ...(whitening !== undefined && { whitening }),
    ...('auxiliaryWeight' in recipe && run.weights === null && { auxiliaryHeads: true }),
  };
  const model =
    run.weights === null
      ? createModel(run.network, own as never)
      : await fromPretrained(run.network, { ...own, weights: run.weights } as never);
  writeMetadata(model, { categories });
  const classifier = imageClassifier(model);
  try {
    const { preprocessing } = readMetadata(model);
    if (preprocessing === undefined) throw new Error(`${run.network} does not say how its images are prepared`);
    // A run that is resumed has its weights, these among them, from its checkpoint.
    if (whitening === 'zca' && run.resume !== true) {
      note(`fitting ZCA whitening to ${training.length} images, which takes some minutes`);
      setZca(model, await fitted(training, preprocessing));
    }
    const augmentation = recipeAugmentation(recipe, { preprocessing, classes: categories.length });
    for (const line of augmentation.notes) note(line);
    const loader = new DataLoader(training, {
      batchSize,
      seed,
      workers,
      shuffle: true,
      transform: augmentation.transform,
      ...(augmentation.batchTransform !== null && { batchTransform: augmentation.batchTransform }),
    });
    if ('initialWeights' in recipe && run.weights === null && run.resume !== true)
      await startByLsuv(model, loader, seed);
    const tested = new DataLoader(validation, { batchSize, workers, transform: evaluationTransform(preprocessing) });
    const history = await train(model, loader, {
      ...recipeOptions({ ...recipe, epochs }),
      validation: tested,
      checkpoint: { folder: run.checkpoint },
      resume: run.resume ?? false,
      onEvent,
    });
    await Promise.all([loader.close(), tested.close()]);
    const best = history.epochs.at(-1)?.validation;
    if (history.interrupted === null) await classifier.save(run.out);
    return { history, categories, report: best === undefined ? null : { top1: best.accuracy } };
  } finally {
    await classifier.dispose();
  }
}

/** Scales the layers' weights to the first batch. */
async function startByLsuv(model: LayersModel, loader: DataLoader, seed: number): Promise<void> {
  const { lsuv } = await import('@cnnzoo/train');
  for await (const { images, labels } of loader.epoch(0)) {
    try {
      await lsuv(model, images, { seed });
    } finally {
      images.dispose();
      labels.dispose();
    }
    break;
  }
}

/** What whitens images, as they are in testing: not augmented. */
async function fitted(images: Dataset, preprocessing: Preprocessing): Promise<Zca> {
  const { compose, evaluationTransform, fitZca, globalContrastNormalization } = await import('@cnnzoo/transforms');
  const prepare = compose([evaluationTransform(preprocessing), globalContrastNormalization()]);
  async function* prepared() {
    for (let index = 0; index < images.length; index++) yield prepare((await images.get(index)).image);
  }
  return fitZca(prepared());
}
