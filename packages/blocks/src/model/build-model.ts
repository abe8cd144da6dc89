import { callable, checkOptions, type OptionRules, optional, rule, string } from '@cnnzoo/checks';
import {
  type Preprocessing,
  type PreprocessingName,
  preprocessingFor,
  preprocessings,
  writeMetadata,
} from '@cnnzoo/metadata';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type InitialWeights, withInitialWeights } from '../initial-weights/current-weights.js';
import { connect, globalAveragePooling2d, globalMaxPooling2d, softmax } from '../layers/connect.js';
import { registerLayers } from '../layers/register-layers.js';
import { input as inputTensor, model } from '../tfjs.js';
import { type ModelDefaults, type ModelOptions, type ResolvedOptions, resolveOptions } from './model-options.js';
import { whitened } from './whitening.js';

/** What is special about one architecture. */
export interface Architecture<Own extends object = Record<never, never>> {
  /** As `createModel` calls it. */
  readonly id: string;
  readonly defaults: ModelDefaults;
  /** Rules of the options that only this architecture has. */
  readonly ownOptions?: OptionRules<Own>;
  /** How images become its input: a row of the preprocessings by name, or one's own; for other input sizes it is scaled. */
  readonly preprocessing: PreprocessingName | Preprocessing;
  /** How layers' weights start. Default: as in PyTorch. */
  readonly initialWeights?: Pick<InitialWeights, 'conv2d' | 'dense'>;
  /** The network without its classifier: [batch, height, width, channels] in and out. */
  readonly features: (input: SymbolicTensor, options: ResolvedOptions) => SymbolicTensor | FeaturesWithAuxiliary;
  /** From the last feature map to logits [batch, numClasses]. */
  readonly classifier: (features: SymbolicTensor, options: ResolvedOptions) => SymbolicTensor;
}

/** A feature map, and the logits of classifiers that branched off on the way. */
export interface FeaturesWithAuxiliary {
  readonly features: SymbolicTensor;
  readonly auxiliaryLogits: readonly SymbolicTensor[];
}

/**
 * Builds an architecture: checks the options, joins features and classifier, and writes down in the model's metadata what it is.
 * @throws TypeError or RangeError naming the option, before anything is built
 * @example
 * import { type ModelOptions, buildModel, connect, conv2d, dense, globalAveragePooling2d, relu } from '@cnnzoo/blocks';
 *
 * const tiny = (options: ModelOptions = {}) =>
 *   buildModel(
 *     {
 *       id: 'tiny',
 *       defaults: { numClasses: 10, inputShape: [32, 32, 3], smallestInput: 1 },
 *       preprocessing: 'imagenet',
 *       features: (x) => connect(x, conv2d({ name: 'conv', filters: 16, kernelSize: 3, padding: 1 }), relu({ name: 'relu' })),
 *       classifier: (x, { numClasses }) =>
 *         connect(x, globalAveragePooling2d({ name: 'pool' }), dense({ name: 'fc', units: numClasses })),
 *     },
 *     options,
 *   );
 * console.log(tiny({ numClasses: 5 }).outputs[0]?.shape); // [null, 5]
 */
export function buildModel<Own extends object = Record<never, never>>(
  architecture: Architecture<Own>,
  options: ModelOptions & Own,
): LayersModel {
  const { id, defaults, ownOptions, features, classifier, preprocessing } = checkOptions<Architecture<Own>>(
    'the architecture of buildModel',
    architecture,
    architectureRules(),
  );
  const resolved = resolveOptions(id, options, defaults, ownOptions ?? ({} as OptionRules<Own>));
  registerLayers();
  const { seed, initialWeights } = resolved;
  return withInitialWeights(
    { ...architecture.initialWeights, ...(seed === undefined ? {} : { seed }), fill: initialWeights },
    () => {
      const input = inputTensor({ shape: [...resolved.inputShape], name: 'input' });
      const { whitening } = resolved;
      const made = features(whitening === undefined ? input : whitened(input, whitening), resolved);
      const { features: last, auxiliaryLogits } =
        'auxiliaryLogits' in made ? made : { features: made, auxiliaryLogits: [] };
      const built = model({ inputs: input, outputs: outputs(last, auxiliaryLogits, classifier, resolved), name: id });
      const { seed: _, initialWeights: __, ...kept } = options;
      const prepared = preprocessingFor(preprocessing, resolved.inputShape);
      // Images that the network whitens itself come from 0 to 1.
      const unit = { mean: prepared.mean.map(() => 0), std: prepared.std.map(() => 1) };
      writeMetadata(built, {
        id,
        options: { ...kept },
        preprocessing: whitening === undefined ? prepared : { ...prepared, ...unit },
        categories: null,
      });
      return built;
    },
  );
}

const isSizes = (value: unknown) => Array.isArray(value) && value.every((size) => typeof size === 'number');

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

function architectureRules<Own extends object>(): OptionRules<Architecture<Own>> {
  return {
    id: string(),
    defaults: rule<ModelDefaults>(
      'an object with numClasses, inputShape and smallestInput',
      (value) => isObject(value) && isSizes((value as ModelDefaults).inputShape),
    ),
    ownOptions: optional(rule<OptionRules<Own>>('an object of rules', isObject)),
    preprocessing: rule<PreprocessingName | Preprocessing>(
      'the name of a preprocessing or one like them',
      (value) => isObject(value) || typeof value === 'string',
      (value) => typeof value === 'object' || Object.hasOwn(preprocessings, value),
    ),
    initialWeights: optional(
      rule<Pick<InitialWeights, 'conv2d' | 'dense'>>('an object with conv2d and dense', isObject),
    ),
    features: callable<Architecture['features']>('a function of the input and the options'),
    classifier: callable<Architecture['classifier']>('a function of the features and the options'),
  } as OptionRules<Architecture<Own>>;
}

function outputs(
  features: SymbolicTensor,
  auxiliaryLogits: readonly SymbolicTensor[],
  classifier: Architecture['classifier'],
  options: ResolvedOptions,
): SymbolicTensor | SymbolicTensor[] {
  if (!options.includeTop) {
    if (options.pooling === null) return features;
    return connect(features, options.pooling === 'avg' ? globalAveragePooling2d() : globalMaxPooling2d());
  }
  const logits = [classifier(features, options), ...auxiliaryLogits];
  const [main, ...heads] =
    options.classifierActivation === 'softmax'
      ? logits.map((each, index) => connect(each, softmax({ name: index === 0 ? 'softmax' : `softmax_${index}` })))
      : logits;
  if (main === undefined) throw new Error('a network without an output');
  return heads.length === 0 ? main : [main, ...heads];
}
