import { setModelMetadata } from '@cnnzoo/blocks';
import {
  check,
  checkOptions,
  either,
  listOf,
  nearestNames,
  type OptionRules,
  oneOf,
  optional,
  rule,
  shown,
  string,
} from '@cnnzoo/checks';
import { addressOf, nodeModule, runsInNode } from '@cnnzoo/files';
import { preprocessingRule } from '@cnnzoo/metadata';
import { type Preprocessing, type PreprocessingName, preprocessings } from '@cnnzoo/transforms';
import { describeHubWeights, findWeights, listWeights, readWeights } from '@cnnzoo/weights';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkModelId, listModels } from '../networks/create-model.js';
import { fromPretrained } from '../networks/from-pretrained.js';
import { isHubName } from '../networks/hub-name.js';
import type { ModelId, OptionsOf } from '../networks/models.js';
import { useBackend } from '../use-backend.js';
import { classifierOf, type ImageClassifier } from './classifier.js';
import { classesInHead } from './head.js';
import { loadModel } from './saved-model.js';
import { readTrainingFacts } from './training-facts.js';

/** The options of `loadClassifier`. */
export interface LoadClassifierOptions {
  /** For a file of weights, the network that they are of: see `listModels`. */
  readonly network?: ModelId;
  /** Names of the classes, in the order of the network's outputs. Default: those that the folder or published set has, or their indices. */
  readonly categories?: readonly string[];
  /**
   * How images are prepared, for an ONNX file that does not say it: a row of `preprocessings` of @cnnzoo/transforms by name, or one like them.
   * `cropSize` and `resizeSize` are scaled to the file's input.
   */
  readonly preprocessing?: Preprocessing | PreprocessingName;
}

const rules: OptionRules<LoadClassifierOptions> = {
  network: optional(
    rule<ModelId>("a network's name such as 'resnet50'", (value) => typeof value === 'string' && value !== ''),
  ),
  categories: optional(listOf(string())),
  preprocessing: optional(either(oneOf(Object.keys(preprocessings) as PreprocessingName[]), preprocessingRule)),
};

const sourceRule = either(
  string(
    "the folder of a classifier, a published set such as 'resnet50.IMAGENET1K_V2', a repository of the hub such as 'hf-hub:timm/resnet18.a1_in1k', or a file of weights",
  ),
  rule<URL>('a file URL', (value) => value instanceof URL),
);

/** Endings of files that hold weights and no network. */
const weightFile = /\.(safetensors|pth|pt|th|bin|ckpt|tar|h5|hdf5|keras)$|\.safetensors\.index\.json$/i;

/**
 * Opens a classifier. Where tfjs has no backend yet, the fastest that works on this machine is chosen.
 * @param source the folder that `save` wrote (or `saveModel`, or any tfjs layers model that says how its images are prepared); a published set
 *   (`'resnet50.IMAGENET1K_V2'`), or a network's name for its best one; a repository of Hugging Face's hub (`'hf-hub:timm/resnet18.a1_in1k'`); or a file of weights (safetensors, PyTorch, Keras) of the network `options.network`;
 *   or an ONNX file, which onnxruntime runs as it is
 * @throws RangeError or TypeError naming what is wrong with the source or option; Error for downloads that fail
 * @example
 * import { loadClassifier } from 'cnnzoo';
 *
 * const classifier = await loadClassifier('pets');
 * console.log(await classifier.classify('cat.jpg')); // [{ index: 0, category: 'cat', probability: 0.98 }, …]
 */
export async function loadClassifier(
  source: string | URL,
  options: LoadClassifierOptions = {},
): Promise<ImageClassifier> {
  check('source', source, sourceRule);
  const { network, categories, preprocessing } = checkOptions<LoadClassifierOptions>('loadClassifier', options, rules);
  if (network !== undefined) checkModelId(network);
  await useBackend();
  if (/\.onnx$/i.test(String(source))) {
    if (network !== undefined) throw new TypeError(`'${source}' holds its network: leave network out`);
    const { openOnnxClassifier } = await import('../onnx/onnx-classifier.js');
    return openOnnxClassifier(pathOf(source), { categories, preprocessing });
  }
  if (preprocessing !== undefined)
    throw new TypeError(`preprocessing is for an ONNX file: '${source}' says it itself, or its network does`);
  const model = await openModel(source, network, categories);
  try {
    if (categories !== undefined) setModelMetadata(model, { categories: [...categories] });
    const training = isFolder(source, network) ? await readTrainingFacts(pathOf(source)) : null;
    return classifierOf(model, training);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

async function openModel(
  source: string | URL,
  network: ModelId | undefined,
  categories: readonly string[] | undefined,
): Promise<LayersModel> {
  const name = String(source);
  const published = findWeights(name);
  if (published !== null) {
    if (network !== undefined && network !== published.architecture)
      throw new RangeError(
        `network must be '${published.architecture}', of which '${name}' is, or left out, got '${network}'`,
      );
    return fromPretrained(published.architecture as ModelId, { weights: name });
  }
  if (isNetwork(name)) return fromPretrained(name, { weights: 'DEFAULT' });
  if (isHubName(name)) {
    const { architecture } = await describeHubWeights(name);
    checkModelId(architecture);
    return fromPretrained(architecture, { weights: name });
  }
  if (network !== undefined) {
    const numClasses = categories?.length ?? classesInHead(await readWeights(source), network);
    const options = { weights: name, ...(numClasses === undefined ? {} : { numClasses }) };
    // All of the file's weights have to fit: this is no beginning of a training, after which the head would be new.
    return fromPretrained(network, { ...options, load: { ignoreMismatchedShapes: false } } as {
      weights: string;
    } & OptionsOf<ModelId>);
  }
  if (weightFile.test(name))
    throw new TypeError(`'${name}' holds weights and no network: say which with { network: 'resnet50' }`);
  if (runsInNode() && addressOf(name) === null && !nodeModule('node:fs').existsSync(pathOf(source))) {
    const [nearest] = nearestNames(name, [...listModels(), ...listWeights().map(({ id }) => id)]);
    throw new RangeError(
      `source is ${shown(name)}: there is no such folder or file, and no network or published set of that name${nearest === undefined ? '' : `, did you mean ${shown(nearest)}?`}`,
    );
  }
  return loadModel(source);
}

const isNetwork = (name: string): name is ModelId => (listModels() as string[]).includes(name);

function isFolder(source: string | URL, network: ModelId | undefined): boolean {
  const name = String(source);
  return (
    network === undefined &&
    findWeights(name) === null &&
    !isNetwork(name) &&
    !isHubName(name) &&
    addressOf(name) === null
  );
}

/** The folder of a saved model: model.json may be named, too. */
function pathOf(source: string | URL): string {
  const path = /^file:/i.test(String(source)) ? nodeModule('node:url').fileURLToPath(source) : String(source);
  return path.endsWith('.json') ? nodeModule('node:path').dirname(path) : path;
}
