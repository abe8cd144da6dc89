/** The options that all architectures share. */
import { integerAtLeast, numberBetween, oneOf, shown } from '../arguments.js';

/** [height, width, channels]; a height or width of null may be any, where the network allows that. */
export type InputShape = readonly [height: number | null, width: number | null, channels: number];

/** What every architecture takes. */
export interface ModelOptions {
  /** Classes of the classifier. Default: of the data set the network is known for, mostly ImageNet's 1000. */
  readonly numClasses?: number;
  readonly inputShape?: InputShape;
  /** False for the network without its classifier: it ends with a feature map, or, with `pooling`, a vector. Default true. */
  readonly includeTop?: boolean;
  /** With `includeTop: false`: how the last feature map becomes a vector. Default null: not at all. */
  readonly pooling?: 'avg' | 'max' | null;
  /** 'linear' for logits, which losses take. Default 'linear'. */
  readonly classifierActivation?: 'linear' | 'softmax';
  /** Random initial weights and dropout follow from it. Default: a new one each time. */
  readonly seed?: number;
  /** 'zeros' saves drawing random numbers for a network whose weights are loaded next. Default 'random'. */
  readonly initialWeights?: 'random' | 'zeros';
}

/** For networks with dropout. */
export interface DropoutModelOptions extends ModelOptions {
  /** The share of activations that become zero before the classifier's layers in training. Default: the paper's. */
  readonly dropout?: number;
}

/** For networks with auxiliary classifiers. */
export interface AuxiliaryModelOptions extends DropoutModelOptions {
  /** Whether the model has the paper's auxiliary classifiers as further outputs, after the main one. Default false. */
  readonly auxiliaryHeads?: boolean;
}

/** What an architecture says of its options. */
export interface ModelDefaults {
  readonly numClasses: number;
  readonly inputShape: InputShape;
  readonly classifierActivation?: 'linear' | 'softmax';
  /** The smallest height and width; smaller ones are an error. */
  readonly smallestInput: number;
  /** True where height and width are fixed or must at least be known, because a dense layer takes the flattened feature map. */
  readonly knownInputSize?: boolean;
  /** Default of the option `dropout`. Leave it out where the network has none. */
  readonly dropout?: number;
  /** Whether the network can have auxiliary classifiers. Default false. */
  readonly auxiliaryHeads?: boolean;
}

/** Checks an option of one architecture and returns it. Throws TypeError or RangeError. */
export type OptionCheck = (name: string, value: unknown) => unknown;

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly numClasses: number;
  readonly inputShape: InputShape;
  readonly includeTop: boolean;
  readonly pooling: 'avg' | 'max' | null;
  readonly classifierActivation: 'linear' | 'softmax';
  readonly dropout: number;
  readonly auxiliaryHeads: boolean;
  readonly seed: number | undefined;
  readonly initialWeights: 'random' | 'zeros';
}

const isBoolean: OptionCheck = (name, value) => oneOf([true, false], name, value);

const checks: Record<string, OptionCheck> = {
  numClasses: (name, value) => integerAtLeast(1, name, value),
  inputShape: checkInputShape,
  includeTop: isBoolean,
  pooling: (name, value) => oneOf(['avg', 'max', null], name, value),
  classifierActivation: (name, value) => oneOf(['linear', 'softmax'], name, value),
  seed: (name, value) => integerAtLeast(0, name, value),
  initialWeights: (name, value) => oneOf(['random', 'zeros'], name, value),
};

function checkInputShape(name: string, value: unknown): unknown {
  if (!Array.isArray(value) || value.length !== 3)
    throw new TypeError(`${name} is ${shown(value)}, expected [height, width, channels]`);
  const [height, width, channels] = value;
  if (height !== null) integerAtLeast(1, `${name}[0], the height,`, height);
  if (width !== null) integerAtLeast(1, `${name}[1], the width,`, width);
  integerAtLeast(1, `${name}[2], the channels,`, channels);
  return value;
}

/**
 * Checks a network's options and fills in the defaults.
 * @param id the architecture, for messages
 * @param options what the user gave
 * @param defaults what the architecture says of the shared options
 * @param own checks of the options that only this architecture has
 * @throws TypeError for an unknown option or a value of the wrong type, RangeError for a value out of range
 */
export function resolveOptions(
  id: string,
  options: ModelOptions,
  defaults: ModelDefaults,
  own: Readonly<Record<string, OptionCheck>> = {},
): ResolvedOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`options of ${id} are ${shown(options)}, expected an object`);
  const known: Record<string, OptionCheck> = { ...checks, ...own };
  if (defaults.dropout !== undefined) known['dropout'] = (name, value) => numberBetween(0, 1, name, value);
  if (defaults.auxiliaryHeads === true) known['auxiliaryHeads'] = isBoolean;

  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(known, name) ? known[name] : undefined;
    if (check !== undefined) {
      if (value !== undefined) check(name, value);
    } else if (name === 'auxiliaryHeads') {
      if (value) throw new RangeError(`auxiliaryHeads is ${shown(value)}, but ${id} has no auxiliary classifiers`);
    } else {
      throw new TypeError(`${id} has no option ${shown(name)}, expected one of ${Object.keys(known).join(', ')}`);
    }
  }

  const given = options as AuxiliaryModelOptions;
  const resolved: ResolvedOptions = {
    numClasses: given.numClasses ?? defaults.numClasses,
    inputShape: given.inputShape ?? defaults.inputShape,
    includeTop: given.includeTop ?? true,
    pooling: given.pooling ?? null,
    classifierActivation: given.classifierActivation ?? defaults.classifierActivation ?? 'linear',
    dropout: given.dropout ?? defaults.dropout ?? 0,
    auxiliaryHeads: given.auxiliaryHeads ?? false,
    seed: given.seed,
    initialWeights: given.initialWeights ?? 'random',
  };
  checkInputSize(id, resolved, defaults);
  if (resolved.includeTop && resolved.pooling !== null)
    throw new RangeError(
      `pooling is ${shown(resolved.pooling)}, expected includeTop: false with it: the classifier pools`,
    );
  if (resolved.auxiliaryHeads && !resolved.includeTop)
    throw new RangeError('auxiliaryHeads is true, expected includeTop: true with it: the heads are classifiers');
  return resolved;
}

function checkInputSize(id: string, { inputShape, includeTop }: ResolvedOptions, defaults: ModelDefaults): void {
  const { smallestInput, knownInputSize } = defaults;
  for (const [axis, size] of [
    ['height', inputShape[0]],
    ['width', inputShape[1]],
  ] as const) {
    if (size === null) {
      if (knownInputSize === true && includeTop)
        throw new RangeError(`inputShape has an unknown ${axis}, expected a number: ${id}'s classifier depends on it`);
    } else if (size < smallestInput) {
      throw new RangeError(
        `inputShape has ${axis} ${size}, expected at least ${smallestInput}: the smallest input of ${id} is ${smallestInput}x${smallestInput}`,
      );
    }
  }
}
