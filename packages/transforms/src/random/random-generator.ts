import { check, integer, number, positive } from '@cnnzoo/checks';

/** A stream of random numbers that a seed decides: the same seed gives the same numbers on every machine. */
export interface RandomGenerator {
  /** A number in [low, high), by default [0, 1). */
  uniform(low?: number, high?: number): number;
  /** A whole number in [low, high). */
  integer(low: number, high: number): number;
  /** A number from the normal distribution. */
  normal(mean?: number, standardDeviation?: number): number;
  /** A number in (0, 1) from the beta distribution. Mixup and cutmix draw their ratio from it. */
  beta(alpha: number, beta: number): number;
  /** The numbers 0 to count - 1 in a random order. */
  permutation(count: number): Uint32Array;
}

/** lowbias32, a 32-bit integer mixer in which every bit of the input changes about half of the output's. */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

const natural = /* @__PURE__ */ integer(0);
const finite = /* @__PURE__ */ number();

/** Looks at numbers twice only where one is wrong: they are drawn by the million. */
function checkFinite(numbers: Readonly<Record<string, number>>): void {
  for (const name in numbers) if (!Number.isFinite(numbers[name])) check(name, numbers[name], finite);
}

/**
 * Makes a generator (xoshiro128**) from a seed, and numbers that pick one of the seed's independent streams: the loader makes
 * one per image with `randomGenerator(seed, epoch, position)`, so that an image's augmentation depends on nothing else.
 * @param seed a whole number from 0 to 2^53 - 1
 * @param stream more whole numbers
 * @throws RangeError where one of them is not a whole number from 0 to 2^53 - 1
 * @example
 * import { randomGenerator } from '@cnnzoo/transforms';
 * const random = randomGenerator(1);
 * console.log(random.uniform(), random.integer(0, 10));
 */
export function randomGenerator(seed: number, ...stream: number[]): RandomGenerator {
  let hash = 0x9e3779b9;
  const numbers = [seed, ...stream];
  for (const [i, value] of numbers.entries()) {
    check(i === 0 ? 'seed' : `stream[${i - 1}]`, value, natural);
    hash = mix(hash + mix(value | 0) + 0x9e3779b9);
    hash = mix(hash ^ Math.floor(value / 2 ** 32));
  }
  let a = mix(hash + 0x9e3779b9);
  let b = mix(hash + 0x3c6ef372);
  let c = mix(hash + 0xdaa66d2b);
  let d = mix(hash + 0x78dde6e4) | 1; // never all zero, from which the generator would not move

  /** 32 random bits: one step of xoshiro128**. */
  function next(): number {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  }

  function uniform(low = 0, high = 1): number {
    return low + (high - low) * (next() / 2 ** 32);
  }

  function normal(mean = 0, standardDeviation = 1): number {
    // Box-Muller; 1 - u is never 0, whose logarithm is not a number.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return mean + standardDeviation * radius * Math.cos(2 * Math.PI * uniform());
  }

  /** Marsaglia and Tsang, "A simple method for generating gamma variables", 2000; below 1 by its section 6. */
  function gamma(shape: number): number {
    if (shape < 1) return gamma(shape + 1) * (1 - uniform()) ** (1 / shape);
    const offset = shape - 1 / 3;
    const scale = 1 / Math.sqrt(9 * offset);
    for (;;) {
      const x = normal();
      const cubed = (1 + scale * x) ** 3;
      if (cubed > 0 && Math.log(1 - uniform()) < 0.5 * x * x + offset - offset * cubed + offset * Math.log(cubed))
        return offset * cubed;
    }
  }

  return {
    uniform(low = 0, high = 1) {
      checkFinite({ low, high });
      return uniform(low, high);
    },
    integer(low, high) {
      checkFinite({ low, high });
      return low + Math.floor((high - low) * (next() / 2 ** 32));
    },
    normal(mean = 0, standardDeviation = 1) {
      checkFinite({ mean, standardDeviation });
      return normal(mean, standardDeviation);
    },
    beta(alpha, beta) {
      check('alpha', alpha, positive);
      check('beta', beta, positive);
      const x = gamma(alpha);
      const y = gamma(beta);
      // Both underflow to 0 for a tiny alpha and beta, where the distribution is a coin.
      return x + y > 0 ? x / (x + y) : Math.round(uniform());
    },
    permutation(count) {
      check('count', count, natural);
      const order = Uint32Array.from({ length: count }, (_, index) => index);
      for (let i = count - 1; i > 0; i--) {
        const j = Math.floor((i + 1) * (next() / 2 ** 32));
        const swapped = order[i] ?? 0;
        order[i] = order[j] ?? 0;
        order[j] = swapped;
      }
      return order;
    },
  };
}
