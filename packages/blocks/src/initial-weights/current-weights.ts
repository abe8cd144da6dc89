/** What the weights of the network that is being built start with. */
import { callable, check, checkOptions, integer, oneOf, optional, record } from '@cnnzoo/checks';
import { registered } from '../registered.js';
import {
  ConstantInitializer,
  constant,
  type Initializer,
  initializerRule,
  pytorchUniform,
  RandomInitializer,
  readInitializer,
} from './initializers.js';
import { deriveSeed, freshSeed } from './random-numbers.js';

/** What a layer without initializers of its own gets. */
export interface LayerInitializers {
  readonly kernel?: Initializer;
  readonly bias?: Initializer;
}

/** How the weights of a network start. */
export interface InitialWeights {
  /** Layers' seeds follow from this one and their names. Default: a new one each time. */
  readonly seed?: number;
  /** 'zeros' where weights are loaded afterwards: random ones would be thrown away. Default 'random'. */
  readonly fill?: 'random' | 'zeros';
  /** Of convolutions. Default: PyTorch's, uniform in ±1/sqrt(fanIn) for kernel and bias. */
  readonly conv2d?: LayerInitializers;
  /** Of dense layers. Default as for convolutions. */
  readonly dense?: LayerInitializers;
}

let chosen: (InitialWeights & { readonly seed: number }) | null = null;

/** What holds now. Outside of `withInitialWeights` the seed is drawn when the first layer asks for it: importing does nothing. */
function current(): InitialWeights & { readonly seed: number } {
  chosen ??= { seed: freshSeed() };
  return chosen;
}

/**
 * Runs `build`; layers that it makes without initializers of their own start as `weights` says. What `tf.tidy` is to memory this
 * is to initial weights: blocks need not pass them on.
 * @example
 * import { connect, conv2d, kaimingNormal, withInitialWeights } from '@cnnzoo/blocks';
 *
 * const y = withInitialWeights({ seed: 1, conv2d: { kernel: kaimingNormal({ mode: 'fanOut' }) } }, () =>
 *   connect(x, conv2d({ name: 'conv1', filters: 64, kernelSize: 7, stride: 2, padding: 3 })),
 * );
 */
export function withInitialWeights<Result>(weights: InitialWeights, build: () => Result): Result {
  check('build', build, callable<() => Result>('a function that makes layers'));
  const outer = chosen;
  const forLayers = optional(
    record<LayerInitializers>({ kernel: optional(initializerRule), bias: optional(initializerRule) }),
  );
  checkOptions<InitialWeights>('withInitialWeights', weights, {
    seed: optional(integer(0)),
    fill: optional(oneOf(['random', 'zeros'])),
    conv2d: forLayers,
    dense: forLayers,
  });
  chosen = { ...weights, seed: weights.seed ?? freshSeed() };
  try {
    return build();
  } finally {
    chosen = outer;
  }
}

/** The seed of something called `name` in the network that is being built. */
export function seedFor(name: string): number {
  return deriveSeed(current().seed, name);
}

/**
 * The initializer of a layer's weight, with its seed.
 * @param given what the layer's options say: an initializer, or one as saved models have it, or nothing
 * @param weight the layer's name, a dot and 'kernel' or 'bias'
 */
export function chooseInitializer(
  given: unknown,
  layer: 'conv2d' | 'dense',
  role: 'kernel' | 'bias',
  weight: string,
): Initializer {
  // A saved layer's initializer is found by its class.
  registered(RandomInitializer);
  registered(ConstantInitializer);
  const initializer =
    given === undefined ? (current()[layer]?.[role] ?? pytorchUniform()) : readInitializer(given, weight);
  return initializer instanceof RandomInitializer ? initializer.withSeed(seedFor(weight)) : initializer;
}

/** `initializer`, or zeros while a network is built whose weights will be loaded. */
export function currentFill(initializer: Initializer): Initializer {
  return current().fill === 'zeros' ? constant(0) : initializer;
}
