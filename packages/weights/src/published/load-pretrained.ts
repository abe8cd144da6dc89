import { check, checkOptions, layersModel, type OptionRules, rule } from '@cnnzoo/checks';
import { addressOf, isSource, nodeModule, runsInNode, type Source } from '@cnnzoo/files';
import { preprocessingFor, readMetadata, writeMetadata } from '@cnnzoo/metadata';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { cachedSource } from '../download/cached-source.js';
import { type DownloadOptions, downloadRules } from '../download/weights-cache.js';
import { readWeights } from '../formats/read-weights.js';
import { type ReadTorchOptions, readTorchRules } from '../formats/torch/torch.js';
import { isHubName } from '../hub/hub-address.js';
import { openHubWeights } from '../hub/hub-weights.js';
import { imagenetCategories } from '../imagenet.js';
import {
  type LoadReport,
  type LoadStateDictOptions,
  loadMatch,
  loadStateDictRules,
  matchStateDict,
  refuseMisfit,
} from '../model/load-state-dict.js';
import type { StateDict } from '../state-dict/state-dict.js';
import type { PublishedWeights } from './published-weights.js';
import { recognizeFile } from './recognize-file.js';
import { findWeights, listWeights } from './registry.js';
import { applyWeightRules, rulesByKeys } from './weight-rules.js';

/** How `loadPretrained` finds a file and matches it with the model. */
export interface LoadPretrainedOptions extends DownloadOptions, LoadStateDictOptions, ReadTorchOptions {}

const loadPretrainedRules: OptionRules<LoadPretrainedOptions> = {
  ...downloadRules,
  ...loadStateDictRules,
  ...readTorchRules,
};

/** What `loadPretrained` did. */
export interface PretrainedReport extends LoadReport {
  /** The set's description, or null for a path or address of the caller's. */
  readonly weights: PublishedWeights | null;
  /** The file that was read: its path, in a page its address, or null for bytes. */
  readonly file: string | null;
}

const weightsRule = rule<Source>(
  "a set's name, a repository of the hub, a path, an address or the bytes of a file",
  isSource,
);

/**
 * Loads published weights, a file or a download into a model.
 *
 * A published set brings its preprocessing and, where the model has its 1000 classes, the categories' names into the model's
 * metadata, whether it is named or its file is recognized by its hash or address. Where the model was built for another number of
 * classes, its head stays as it is; where it was built without one, the set's head is left out. Auxiliary heads that the model does not
 * have are left out, those in a file of one's own, too.
 * @param model a network of this project for a published set, any layers model for a path or an address
 * @param weights a set of the model's architecture (`'IMAGENET1K_V1'`, `'DEFAULT'`), with its architecture
 *   (`'resnet50.tv_in1k'`), a repository of Hugging Face's hub (`'hf-hub:timm/resnet18.a1_in1k'`), a path, an http(s) address, or the bytes of a file (a Blob, too)
 * @param options where to keep downloads, `offline`, `mirror`, `onProgress`, and those of `readTorch` and `loadStateDict`
 * @returns which keys were loaded, the set's description and the file
 * @throws RangeError or TypeError for an unknown set, one of another architecture or options, and weights that do not fit;
 *   Error for downloads that fail
 * @example
 * import { resnet50 } from '@cnnzoo/resnet';
 * import { loadPretrained } from '@cnnzoo/weights';
 *
 * const model = resnet50();
 * await loadPretrained(model, 'IMAGENET1K_V2', { onProgress: ({ received }) => console.log(received) });
 */
export async function loadPretrained(
  model: LayersModel,
  weights: Source,
  options: LoadPretrainedOptions = {},
): Promise<PretrainedReport> {
  check('model', model, layersModel());
  check('weights', weights, weightsRule);
  checkOptions<LoadPretrainedOptions>('loadPretrained', options, loadPretrainedRules);
  const { id: architecture, options: built = {} } = readMetadata(model);
  const { source, published, categories } = await findFile(weights, architecture, built, options);
  const dict = await readWeights(source, reading(options));
  const file = nameOf(source);
  if (published === null) return { ...loadOwn(model, dict, options), weights: null, file };
  checkModel(published, architecture, built);
  const report = loadPublished(
    model,
    applyWeightRules(dict, published.rules, model),
    published.numClasses,
    built,
    options,
  );
  describeModel(model, published, categories, report);
  return { ...report, weights: published, file };
}

function nameOf(source: Source): string | null {
  if (typeof source === 'string' || source instanceof URL) return String(source);
  return 'name' in source && typeof source.name === 'string' ? source.name : null;
}

function reading({ entry, limits }: ReadTorchOptions): ReadTorchOptions {
  return { ...(entry !== undefined && { entry }), ...(limits !== undefined && { limits }) };
}

/** A file of weights, and what is known of it. */
interface FoundFile {
  readonly source: Source;
  readonly published: PublishedWeights | null;
  /** Names of the classes that it was published with. */
  readonly categories: readonly string[] | null;
}

/** The file that `weights` means, and which published set it is: by name, by address, or by the hash of a file of any name. */
async function findFile(
  weights: Source,
  architecture: string | undefined,
  built: Readonly<Record<string, unknown>>,
  options: DownloadOptions,
): Promise<FoundFile> {
  if (typeof weights === 'string' && isHubName(weights)) {
    const { weights: published, download } = await openHubWeights(weights, options);
    // Before the download: it may be half a gigabyte.
    checkModel(published, architecture, built);
    return { source: await download(), published, categories: published.categories };
  }
  const found = await findImageNetFile(weights, architecture, built, options);
  return { ...found, categories: imagenetCategories };
}

async function findImageNetFile(
  weights: Source,
  architecture: string | undefined,
  built: Readonly<Record<string, unknown>>,
  options: DownloadOptions,
): Promise<Omit<FoundFile, 'categories'>> {
  const candidates = listWeights(architecture ?? '');
  if (typeof weights === 'string') {
    const named = findWeights(weights) ?? findWeights(`${architecture}.${weights}`);
    if (named !== null) {
      // Before the download: it may be half a gigabyte.
      checkModel(named, architecture, built);
      return { source: await cachedSource(named.url, named, options), published: named };
    }
    // A page would ask its server for it.
    if (!runsInNode() && /^\w+$/.test(weights)) throw unknownWeights(weights, architecture);
  }
  if (typeof weights === 'string' || weights instanceof URL) {
    const address = addressOf(weights);
    if (address !== null) {
      const known = candidates.find(({ url }) => url === address) ?? null;
      const source = await cachedSource(address, known, options);
      return { source, published: known ?? (await recognizeFile(source, candidates)) };
    }
    if (typeof weights === 'string' && !/^file:/i.test(weights) && !nodeModule('node:fs').existsSync(weights))
      throw unknownWeights(weights, architecture);
  }
  return { source: weights, published: await recognizeFile(weights, candidates) };
}

function unknownWeights(weights: string, architecture: string | undefined): RangeError {
  const names = listWeights(architecture).map(({ id, name }) => (architecture === undefined ? id : name));
  return new RangeError(
    `weights is '${weights}': no file of that name, and no published set${architecture === undefined ? '' : ` of ${architecture}`}: ${
      names.length === 0 ? 'there are none' : `expected one of ${names.join(', ')}`
    }`,
  );
}

function checkModel(
  { id, architecture, options }: PublishedWeights,
  modelId: string | undefined,
  built: Readonly<Record<string, unknown>>,
): void {
  if (modelId !== undefined && modelId !== architecture)
    throw new RangeError(`weights '${id}' are for ${architecture}, the model is ${modelId}`);
  for (const [name, value] of Object.entries(options))
    if (modelId !== undefined && built[name] !== value)
      throw new RangeError(
        `weights '${id}' are for ${architecture}(${JSON.stringify(options)}), but the model's ${name} is ${JSON.stringify(built[name])}`,
      );
}

/** torchvision's networks with auxiliary heads, and what the heads' keys start with. */
const auxiliaryHeads: Readonly<Record<string, RegExp>> = { googlenet: /^aux[12]\./, inception_v3: /^AuxLogits\./ };

/** Like `loadStateDict`, but converts timm's VGG, and ignores torchvision's auxiliary heads if the model has none. */
function loadOwn(model: LayersModel, given: StateDict, options: LoadStateDictOptions): LoadReport {
  const rules = rulesByKeys(given);
  const dict = rules === null ? given : applyWeightRules(given, rules, model);
  const heads = auxiliaryHeads[readMetadata(model).id ?? ''];
  const match = matchStateDict(model, dict, options.rename);
  const withoutHeads = heads !== undefined && !model.layers.some(({ name }) => heads.test(name));
  const needed = withoutHeads ? { ...match, unexpected: match.unexpected.filter((key) => !heads.test(key)) } : match;
  refuseMisfit(model, needed, options);
  return loadMatch(needed);
}

/** Like `loadStateDict`, but the model may have no head, or another one than the published weights. */
function loadPublished(
  model: LayersModel,
  dict: StateDict,
  numClasses: number,
  built: Readonly<Record<string, unknown>>,
  options: LoadStateDictOptions,
): LoadReport {
  const match = matchStateDict(model, dict, options.rename);
  const withoutHead = built['includeTop'] === false;
  const otherHead = built['numClasses'] !== undefined && built['numClasses'] !== numClasses;
  const misfit = {
    ...match,
    unexpected: withoutHead ? [] : match.unexpected,
    mismatched: otherHead ? match.mismatched.filter(({ found }) => !isHead(found, numClasses)) : match.mismatched,
  };
  refuseMisfit(model, misfit, options);
  return loadMatch(match);
}

/** The publisher's classes along the output axis, which is the last one in Keras's layout and the first in PyTorch's. */
function isHead(shape: readonly number[], numClasses: number): boolean {
  return shape[0] === numClasses || shape.at(-1) === numClasses;
}

/** Writes down in the model how images have to be prepared for it and what its outputs mean. */
function describeModel(
  model: LayersModel,
  { preprocessing, numClasses, licence }: PublishedWeights,
  categories: readonly string[] | null,
  { loaded }: LoadReport,
): void {
  const hasHead = model.outputs[0]?.shape.at(-1) === numClasses && loaded.length > 0;
  const [, height = null, width = null] = model.inputs[0]?.shape ?? [];
  writeMetadata(model, {
    preprocessing: preprocessingFor(preprocessing, [height, width, preprocessing.mean.length]),
    ...(hasHead && categories !== null && { categories }),
    ...(licence !== null && { licence }),
  });
}
