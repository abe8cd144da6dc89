import { check, rule } from '@cnnzoo/checks';
import { addressOf, isSource, runsInNode } from '@cnnzoo/files';
import {
  type DownloadOptions,
  describeHubWeights,
  findWeights,
  type HubWeights,
  type LoadPretrainedOptions,
  loadPretrained,
  loadStateDict,
  type Source,
} from '@cnnzoo/weights';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { useBackend } from '../use-backend.js';
import { checkModelId, createModel } from './create-model.js';
import { isHubName } from './hub-name.js';
import type { ModelId, OptionsOf } from './models.js';

const isObject = (value: unknown) => typeof value === 'object' && value !== null;
const weightsRule = rule<Source>(
  "a set's name, a repository of the hub, a path, an address or the bytes of a file",
  isSource,
);

/** What `fromPretrained` takes: the network's own options, and where its weights come from. */
export type FromPretrainedOptions<Id extends ModelId> = OptionsOf<Id> & {
  /** A published set (`'IMAGENET1K_V2'`, `'DEFAULT'`, `'keras'`), a repository of Hugging Face's hub (`'hf-hub:timm/resnet18.a1_in1k'`), a path, an http(s) address, or the bytes of a file. A path may be an ONNX file's: its weights are found by name or, in a chain of layers, by their order. */
  readonly weights: Source;
  /** Where downloads are kept, whether they may happen, `onProgress`, and how keys are matched: see `loadPretrained`. */
  readonly load?: LoadPretrainedOptions;
};

/**
 * Builds a network and loads weights into it. Where tfjs has no backend yet, the fastest that works is chosen. With another `numClasses` than the weights', its head is fresh: random, to be trained.
 * @param id a network's name: see `listModels`
 * @param options `weights`, and the network's own
 * @returns the model; its preprocessing and categories are in its metadata
 * @throws TypeError or RangeError naming the id or option, and for weights that do not fit; Error for downloads that fail
 * @example
 * import { fromPretrained } from 'cnnzoo';
 *
 * const classifier = await fromPretrained('resnet50', { weights: 'IMAGENET1K_V2' });
 * const catsAndDogs = await fromPretrained('resnet18', { weights: 'DEFAULT', numClasses: 2 });
 */
export async function fromPretrained<Id extends ModelId>(
  id: Id,
  options: FromPretrainedOptions<Id>,
): Promise<LayersModel> {
  checkModelId(id);
  const { weights, load, ...own } = check('options', options, rule<typeof options>('an object with weights', isObject));
  check('weights', weights, weightsRule);
  await useBackend();
  const name = typeof weights === 'string' ? weights : null;
  const hub = name !== null && isHubName(name) ? await describeHubWeights(name, downloadOptions(load)) : null;
  const published = hub ?? (name === null ? null : (findWeights(name) ?? findWeights(`${id}.${name}`)));
  const architecture = { ...(hub && ownSize(hub)), ...published?.options, ...own } as unknown as OptionsOf<Id>;
  // The weights replace random numbers, except in a head that they do not fill.
  const { numClasses, auxiliaryHeads } = architecture as { numClasses?: number; auxiliaryHeads?: boolean };
  const filled =
    auxiliaryHeads !== true &&
    (numClasses === undefined || (published !== null && numClasses === published.numClasses));
  const model = createModel(
    id,
    (filled ? { initialWeights: 'zeros', ...architecture } : architecture) as OptionsOf<Id>,
  );
  // A path says nothing of its classes: a head of another shape is a fresh one, as with a published set.
  const how = {
    ...(published === null && numClasses !== undefined ? { ignoreMismatchedShapes: true } : {}),
    ...load,
  };
  try {
    if (isOnnxPath(weights)) await loadOnnx(model, weights, how);
    else await loadPretrained(model, weights, how);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** A file of this machine: an address is another reader's. */
function isOnnxPath(weights: Source): weights is string {
  return typeof weights === 'string' && weights.endsWith('.onnx') && addressOf(weights) === null && runsInNode();
}

async function loadOnnx(model: LayersModel, path: string, options: LoadPretrainedOptions): Promise<void> {
  const { namedFor, readOnnxWeights } = await import('../onnx/onnx-weights.js');
  const { strict, rename, ignoreMismatchedShapes } = options;
  const weights = await readOnnxWeights(path);
  loadStateDict(model, namedFor(model, weights), {
    ...(strict !== undefined && { strict }),
    ...(rename !== undefined && { rename }),
    ...(ignoreMismatchedShapes !== undefined && { ignoreMismatchedShapes }),
  });
}

/** A repository's network has its own number of classes and size of images. */
function ownSize({ numClasses, inputShape }: HubWeights): object {
  return { numClasses, ...(inputShape !== null && { inputShape }) };
}

/** Those of `loadPretrained`'s options that say where files are kept and how they are downloaded. */
function downloadOptions({
  strict: _,
  rename: __,
  ignoreMismatchedShapes: ___,
  entry: ____,
  limits: _____,
  ...rest
}: LoadPretrainedOptions = {}): DownloadOptions {
  return rest;
}
