/** The options that all architectures share. */
import {
  boolean,
  checkOptions,
  either,
  integer,
  number,
  type OptionalRule,
  type OptionRules,
  oneOf,
  optional,
  type Rule,
  rule,
  shown,
} from '@cnnzoo/checks';

import type { Whitening } from './whitening.js';

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
  /**
   * How the network whitens its images before its first layer: 'contrast' for global contrast normalization, 'zca' for ZCA after it, whose weights `setZca`
   * sets. Default: not at all; then the images are normalized with a mean and standard deviation of each channel.
   */
  readonly whitening?: Whitening;
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

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly numClasses: number;
  readonly inputShape: InputShape;
  readonly includeTop: boolean;
  readonly pooling: 'avg' | 'max' | null;
  readonly classifierActivation: 'linear' | 'softmax';
  readonly dropout: number;
  readonly auxiliaryHeads: boolean;
  readonly whitening: Whitening | undefined;
  readonly seed: number | undefined;
  readonly initialWeights: 'random' | 'zeros';
}

const inputShapeRule: Rule<InputShape> = /* @__PURE__ */ (() => {
  const size = either(integer(1), oneOf([null]));
  const parts = { height: size, width: size, channels: integer(1) };
  const whole = rule<InputShape>('[height, width, channels]', (value) => Array.isArray(value) && value.length === 3);
  return {
    expected: whole.expected,
    fault: (name, value) =>
      whole.fault(name, value) ??
      Object.entries(parts).reduce<Error | null>(
        (fault, [part, { fault: faultOf }], i) =>
          fault ?? faultOf(`${name}[${i}], the ${part},`, (value as readonly unknown[])[i]),
        null,
      ),
  };
})();

/** The rules of the options that all architectures share. */
function sharedRules(): OptionRules<ModelOptions> {
  return {
    numClasses: optional(integer(1)),
    inputShape: optional(inputShapeRule),
    includeTop: optional(boolean),
    pooling: optional(oneOf(['avg', 'max', null])),
    classifierActivation: optional(oneOf(['linear', 'softmax'])),
    whitening: optional(oneOf(['contrast', 'zca'])),
    seed: optional(integer(0)),
    initialWeights: optional(oneOf(['random', 'zeros'])),
  };
}

function headRule(id: string, hasHeads: boolean): OptionalRule<boolean> {
  if (hasHeads) return optional(boolean);
  const isBoolean = (value: unknown) => typeof value === 'boolean';
  return optional(rule<boolean>(`false: ${id} has no auxiliary classifiers`, isBoolean, (value) => !value));
}

/**
 * Checks a network's options and fills in the defaults.
 * @param id the architecture, for messages
 * @param options what the user gave
 * @param defaults what the architecture says of the shared options
 * @param own rules of the options that only this architecture has
 * @throws TypeError for an unknown option or a value of the wrong type, RangeError for a value out of range
 */
export function resolveOptions<Own extends object>(
  id: string,
  options: ModelOptions,
  defaults: ModelDefaults,
  own: OptionRules<Own>,
): ResolvedOptions {
  const known = {
    ...sharedRules(),
    ...own,
    ...(defaults.dropout === undefined ? {} : { dropout: optional(number(0, 1)) }),
    auxiliaryHeads: headRule(id, defaults.auxiliaryHeads === true),
  };
  checkOptions(id, options, known as unknown as OptionRules<ModelOptions>);

  const given = options as AuxiliaryModelOptions;
  const resolved: ResolvedOptions = {
    numClasses: given.numClasses ?? defaults.numClasses,
    inputShape: given.inputShape ?? defaults.inputShape,
    includeTop: given.includeTop ?? true,
    pooling: given.pooling ?? null,
    classifierActivation: given.classifierActivation ?? defaults.classifierActivation ?? 'linear',
    dropout: given.dropout ?? defaults.dropout ?? 0,
    auxiliaryHeads: given.auxiliaryHeads ?? false,
    whitening: given.whitening,
    seed: given.seed,
    initialWeights: given.initialWeights ?? 'random',
  };
  checkInputSize(id, resolved, defaults);
  if (resolved.includeTop && resolved.pooling !== null)
    throw new RangeError(
      `pooling must be null unless includeTop is false, because the classifier pools, got ${shown(resolved.pooling)}`,
    );
  if (resolved.auxiliaryHeads && !resolved.includeTop)
    throw new RangeError('auxiliaryHeads must be false where includeTop is false: the heads are classifiers');
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
        throw new RangeError(`inputShape must have a known ${axis}, got null: ${id}'s classifier depends on it`);
    } else if (size < smallestInput) {
      throw new RangeError(
        `inputShape must have a ${axis} of at least ${smallestInput}, the smallest input of ${id}, got ${size}`,
      );
    }
  }
}
