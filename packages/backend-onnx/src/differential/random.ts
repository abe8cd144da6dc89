/** Random choices that depend on a seed only. */
import type { DataType } from '@tensorflow/tfjs-core';

export interface Random {
  /** A whole number from `low` to `high`. */
  int(low: number, high: number): number;
  /** A number from `low` to `high`. */
  real(low: number, high: number): number;
  /** True in this part of all cases. */
  chance(part: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** mulberry32 */
export function randomOf(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    int,
    real: (low, high) => low + next() * (high - low),
    chance: (part) => next() < part,
    pick: <T>(choices: readonly T[]): T => choices[int(0, choices.length - 1)] as T,
  };
}

/** A shape of at most 600 elements; one axis in 25 has no elements where `zeros` allows it. */
export function drawShape(random: Random, lowest: number, highest: number, zeros = true): number[] {
  const rank = random.int(lowest, highest);
  let left = 600;
  return Array.from({ length: rank }, () => {
    if (zeros && random.chance(0.04)) return 0;
    const extent = random.int(1, Math.max(1, Math.min(6, Math.floor(left ** (2 / Math.max(2, rank))))));
    left = Math.max(1, Math.floor(left / extent));
    return extent;
  });
}

/** The range that values are drawn from. */
export type Kind = 'near 0' | 'wide' | 'special' | 'positive' | 'within 1' | 'distinct';

const specials = [
  0,
  -0,
  1,
  -1,
  Number.NaN,
  Infinity,
  -Infinity,
  0.5,
  -0.5,
  1e-30,
  3e38,
  -3e38,
  2 ** 31,
  -(2 ** 31),
  1e10,
];
const wholeSpecials = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 65_536, 46_341, -46_341];

function drawFloat(random: Random, kind: Kind, index: number): number {
  switch (kind) {
    case 'near 0':
      return random.real(-2, 2);
    case 'wide':
      return random.real(-100, 100);
    case 'special':
      return random.chance(0.4) ? random.pick(specials) : random.real(-4, 4);
    case 'positive':
      return random.real(0.1, 4);
    case 'within 1':
      return random.real(-0.95, 0.95);
    case 'distinct':
      // No two within a tensor are equal, or so near that rounding changes their order.
      return random.real(0, 0.5) + ((index * 7919) % 1009);
  }
}

/** Values of a type, as many as there are elements. */
export function drawValues(random: Random, size: number, dtype: DataType, kind: Kind): number[] {
  return Array.from({ length: size }, (_, index) => {
    if (dtype === 'bool') return random.int(0, 1);
    if (dtype === 'int32') {
      if (kind === 'special' && random.chance(0.5)) return random.pick(wholeSpecials);
      return kind === 'positive' ? random.int(1, 9) : random.int(-9, 9);
    }
    return Math.fround(drawFloat(random, kind, index));
  });
}

/** [batch, height, width, channels] */
export function drawImageShape(random: Random, channels: number): number[] {
  return [random.int(1, 3), random.int(4, 8), random.int(4, 8), channels];
}
