/** Initial weights: what the papers and PyTorch draw from, fast and from a seed. */
import {
  check,
  checkFewOptions,
  faultOf,
  integer,
  number,
  type OptionRules,
  oneOf,
  optional,
  type Rule,
  rule,
} from '@cnnzoo/checks';
import { tf } from '../tfjs.js';
import { fillNormal } from './normal-numbers.js';
import { fillUniform, freshSeed } from './random-numbers.js';

/** What tfjs's layers call an initializer; tfjs's own, from `initializers` of tfjs-layers, are some, too. */
export interface Initializer extends tf.serialization.Serializable {
  apply(shape: number[], dtype?: tf.DataType): tf.Tensor;
  fromConfigUsesCustomObjects(): boolean;
}

const distributions = ['normal', 'truncatedNormal', 'uniform'] as const;
const scalings = ['constant', 'fanIn', 'fanOut', 'fanAverage'] as const;

/** How weights are drawn. Normal numbers are known from the first call that needs them, so that other bundles do without their tables. */
const fills: Partial<
  Record<(typeof distributions)[number], (values: Float32Array, width: number, seed: number) => void>
> = {
  uniform: fillUniform,
};

/** Makes normal distributions known: to the functions for them, and to models that are loaded. */
export function registerNormalDistributions(): void {
  fills.normal = (values, width, seed) => fillNormal(values, width, false, seed);
  fills.truncatedNormal = (values, width, seed) => fillNormal(values, width, true, seed);
}

interface RandomInitializerConfig {
  readonly distribution: (typeof distributions)[number];
  /** The standard deviation, or the bound of a uniform one, is `gain` or `gain / sqrt(fan)`. */
  readonly gain: number;
  readonly scaling: (typeof scalings)[number];
  readonly seed?: number | null;
}

/* @__NO_SIDE_EFFECTS__ */
const serializable = (): typeof tf.serialization.Serializable => tf.serialization.Serializable;
/** Read by a function, so that bundlers may leave out what extends it: reading a property might do anything. */
const Serializable = /* @__PURE__ */ serializable();

/** Of a weight: no array of numbers has more values. */
const shapeRule = /* @__PURE__ */ rule<number[]>(
  'an array of sizes',
  Array.isArray,
  (shape) => shape.every((size) => Number.isInteger(size) && size > -1) && tf.util.sizeFromShape(shape) < 2 ** 32,
);

/** How many values a weight has. @throws TypeError or RangeError for what is no shape of an array */
const sizeOf = (shape: readonly number[]): number => tf.util.sizeFromShape(check('shape', shape, shapeRule));

/** What all initializers extend. */
abstract class BaseInitializer extends Serializable implements Initializer {
  abstract apply(shape: number[]): tf.Tensor;

  fromConfigUsesCustomObjects(): boolean {
    return false;
  }
}

/**
 * Draws weights from a distribution that is as wide as the layer's fan says. Without a seed the layer that it initializes gives
 * it one that follows from the model's seed and the layer's name.
 */
export class RandomInitializer extends BaseInitializer {
  static readonly className = 'CnnzooRandomInitializer';
  readonly config: Required<RandomInitializerConfig>;

  constructor(config: RandomInitializerConfig) {
    super();
    check('distribution', config.distribution, oneOf(distributions));
    check('scaling', config.scaling, oneOf(scalings));
    check('gain', config.gain, number(0));
    this.config = { seed: null, ...config };
  }

  /** @param shape [kernelHeight, kernelWidth, inputChannels / groups, outputChannels], [inputs, outputs], or any other */
  apply(shape: number[]): tf.Tensor {
    const values = new Float32Array(sizeOf(shape));
    const { distribution, gain, scaling, seed } = this.config;
    const width = scaling === 'constant' ? gain : gain / Math.sqrt(fan(shape, scaling));
    const fill = fills[distribution];
    if (fill === undefined) throw new Error(`distribution '${distribution}': call registerLayers()`);
    fill(values, width, seed ?? freshSeed());
    return tf.tensor(values, shape, 'float32');
  }

  /** The same distribution with `seed`, if it has none yet. */
  withSeed(seed: number): RandomInitializer {
    return this.config.seed === null ? new RandomInitializer({ ...this.config, seed }) : this;
  }

  /** The same distribution, as wide as it is for a weight of `shape`. */
  asWideAs(shape: readonly number[]): RandomInitializer {
    const { gain, scaling } = this.config;
    if (scaling === 'constant') return this;
    return new RandomInitializer({ ...this.config, gain: gain / Math.sqrt(fan(shape, scaling)), scaling: 'constant' });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...this.config };
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(config);
  }
}

/** Inputs or outputs of one unit. As in PyTorch, the outputs of a grouped convolution are counted over all groups. */
function fan(shape: readonly number[], scaling: 'fanIn' | 'fanOut' | 'fanAverage'): number {
  const size = sizeOf(shape);
  const [inputs = 1, outputs = 1] = shape.slice(-2);
  // Of an odd sum the half is exact, too.
  const [fanIn, fanOut] = [size / outputs, size / inputs];
  return Math.max(1, { fanIn, fanOut, fanAverage: (fanIn + fanOut) / 2 }[scaling]);
}

/** Every weight has the same value. */
export class ConstantInitializer extends BaseInitializer {
  static readonly className = 'CnnzooConstantInitializer';
  readonly value: number;

  constructor({ value }: { value: number }) {
    super();
    this.value = check('value', value, number());
  }

  apply(shape: number[]): tf.Tensor {
    sizeOf(shape);
    return this.value === 0 ? tf.zeros(shape) : tf.fill(shape, this.value);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { value: this.value };
  }
}

interface Seeded {
  /** Default: follows from the model's seed and the layer's name. */
  readonly seed?: number;
}

/** Checks the options of the initializer `kind`, whose own follow `rules`, and takes the seed out. */
function seedOf<Options extends Seeded>(
  kind: string,
  options: Options,
  rules: OptionRules<Omit<Options, 'seed'>>,
): { seed: number | null } {
  const all = { ...rules, seed: optional(integer(0)) } as unknown as OptionRules<Options>;
  return { seed: checkFewOptions<Options>(kind, options, all).seed ?? null };
}

/**
 * Normal with deviation sqrt(2 / fan): He et al., "Delving deep into rectifiers" (2015). torchvision's ResNet and VGG use
 * the outputs' fan.
 * @param options.mode whose variance stays the same: the activations' ('fanIn') or the gradients' ('fanOut'). Default 'fanIn'
 * @example
 * import { conv2d, kaimingNormal } from '@cnnzoo/blocks';
 *
 * const layer = conv2d({ filters: 64, kernelSize: 3, kernelInitializer: kaimingNormal({ mode: 'fanOut' }) });
 */
export function kaimingNormal(options: Seeded & { mode?: 'fanIn' | 'fanOut' } = {}): RandomInitializer {
  registerNormalDistributions();
  const seed = seedOf('kaimingNormal', options, { mode: optional(oneOf(['fanIn', 'fanOut'])) });
  return new RandomInitializer({ distribution: 'normal', gain: Math.SQRT2, scaling: options.mode ?? 'fanIn', ...seed });
}

/**
 * Normal with deviation 1 / sqrt(inputs of one unit): LeCun et al., "Efficient backprop" (1998). The mean square stays the same through
 * maxout of two pieces, where He's weights would double it with every layer.
 * @example
 * import { conv2d, lecunNormal } from '@cnnzoo/blocks';
 *
 * const layer = conv2d({ filters: 64, kernelSize: 3, kernelInitializer: lecunNormal() });
 */
export function lecunNormal(options: Seeded = {}): RandomInitializer {
  registerNormalDistributions();
  const seed = seedOf('lecunNormal', options, {});
  return new RandomInitializer({ distribution: 'normal', gain: 1, scaling: 'fanIn', ...seed });
}

/**
 * Uniform in ±1 / sqrt(inputs of one unit): what PyTorch gives a convolution or linear layer that nobody initializes.
 * @example
 * import { dense, pytorchUniform } from '@cnnzoo/blocks';
 *
 * const layer = dense({ units: 10, kernelInitializer: pytorchUniform({ seed: 1 }) });
 */
export function pytorchUniform(options: Seeded = {}): RandomInitializer {
  return new RandomInitializer({
    distribution: 'uniform',
    gain: 1,
    scaling: 'fanIn',
    ...seedOf('pytorchUniform', options, {}),
  });
}

/**
 * Uniform in ±sqrt(6 / (inputs + outputs)): Glorot and Bengio (2010), the default of Keras.
 * @example
 * import { dense, glorotUniform } from '@cnnzoo/blocks';
 *
 * const layer = dense({ units: 10, kernelInitializer: glorotUniform({ seed: 1 }) });
 */
export function glorotUniform(options: Seeded = {}): RandomInitializer {
  return new RandomInitializer({
    distribution: 'uniform',
    gain: Math.sqrt(3),
    scaling: 'fanAverage',
    ...seedOf('glorotUniform', options, {}),
  });
}

/**
 * Uniform in ±bound.
 * @example
 * import { dense, uniform } from '@cnnzoo/blocks';
 *
 * const layer = dense({ units: 10, kernelInitializer: uniform({ bound: 0.05, seed: 1 }) });
 */
export function uniform(options: Seeded & { bound: number }): RandomInitializer {
  const seed = seedOf('uniform', options, { bound: number(0) });
  return new RandomInitializer({
    distribution: 'uniform',
    gain: options.bound,
    scaling: 'constant',
    ...seed,
  });
}

/**
 * Normal with the given standard deviation; AlexNet's and VGG's papers use 0.01.
 * @example
 * import { dense, normal } from '@cnnzoo/blocks';
 *
 * const layer = dense({ units: 4096, kernelInitializer: normal({ deviation: 0.01, seed: 1 }) });
 */
export function normal(options: Seeded & { deviation: number }): RandomInitializer {
  registerNormalDistributions();
  const seed = seedOf('normal', options, { deviation: number(0) });
  return new RandomInitializer({
    distribution: 'normal',
    gain: options.deviation,
    scaling: 'constant',
    ...seed,
  });
}

/**
 * Normal, but numbers further than two deviations from 0 are drawn again: GoogLeNet's and Inception's in TensorFlow and torchvision.
 * @example
 * import { conv2d, truncatedNormal } from '@cnnzoo/blocks';
 *
 * const layer = conv2d({ filters: 64, kernelSize: 7, kernelInitializer: truncatedNormal({ deviation: 0.1, seed: 1 }) });
 */
export function truncatedNormal(options: Seeded & { deviation: number }): RandomInitializer {
  registerNormalDistributions();
  const seed = seedOf('truncatedNormal', options, { deviation: number(0) });
  return new RandomInitializer({
    distribution: 'truncatedNormal',
    gain: options.deviation,
    scaling: 'constant',
    ...seed,
  });
}

/**
 * The same value everywhere. AlexNet's paper starts some biases at 1.
 * @example
 * import { constant, conv2d } from '@cnnzoo/blocks';
 *
 * const layer = conv2d({ filters: 256, kernelSize: 5, padding: 2, biasInitializer: constant(1) });
 */
export function constant(value: number): ConstantInitializer {
  return new ConstantInitializer({ value });
}

/** An initializer, or one as saved models have it, which `chooseInitializer` reads. */
export const initializerRule: Rule<Initializer> = /* @__PURE__ */ rule<Initializer>(
  'an initializer such as kaimingNormal()',
  (value) => typeof value === 'object' && value !== null,
);

/** A bias has no fan of its own: PyTorch takes the kernel's. */
export function biasInitializerFor(kernelShape: readonly number[], initializer: Initializer): Initializer {
  return initializer instanceof RandomInitializer ? initializer.asWideAs(kernelShape) : initializer;
}

/** @throws TypeError naming the weight, for what is neither an initializer nor one as saved models have it */
export function readInitializer(given: unknown, weight: string): Initializer {
  if (isInitializer(given)) return given;
  // As saved models have it.
  const { className, config } = Object(given) as {
    readonly className?: unknown;
    readonly config?: tf.serialization.ConfigDict;
  };
  const known = tf.serialization.SerializationMap.getMap().classNameMap[String(className)];
  if (config && known) {
    const made: unknown = known[1](known[0], config);
    if (isInitializer(made)) return made;
  }
  throw faultOf(TypeError, `the initializer of ${weight}`, initializerRule.expected, given);
}

function isInitializer(value: unknown): value is Initializer {
  return value instanceof tf.serialization.Serializable && typeof (value as Partial<Initializer>).apply === 'function';
}

/** An initializer as saved models have it. */
export function initializerConfig(initializer: Initializer): tf.serialization.ConfigDict {
  return { className: initializer.getClassName(), config: initializer.getConfig() };
}
