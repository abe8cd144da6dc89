import { describe, expect, test } from 'vitest';
import { randomValues } from '../testing/both-backends.js';
import { axesOf, type Layout, physicalShape, relayout } from './layout.js';

const layouts: readonly Layout[] = ['plain', 'channelsFirst', 'filtersFirst'];

/** Where an element of a logical index is stored. */
function position(index: readonly number[], shape: readonly number[], layout: Layout): number {
  const physical = physicalShape(shape, layout);
  return axesOf(layout).reduce((sum, axis, i) => sum * (physical[i] ?? 0) + (index[axis] ?? 0), 0);
}

/** By the definition, element by element. */
function expected(data: Float32Array, shape: readonly number[], from: Layout, to: Layout): Float32Array {
  const result = new Float32Array(data.length);
  const [a = 0, b = 0, c = 0, d = 0] = shape;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < d; l++) {
          const index = [i, j, k, l];
          result[position(index, shape, to)] = data[position(index, shape, from)] ?? Number.NaN;
        }
  return result;
}

/** Extents around a tile of 16, and those of size 1, which fall away. */
const extents = [1, 1, 2, 3, 15, 16, 17];

describe('relayout', () => {
  const pairs = layouts.flatMap((from) => layouts.map((to) => [from, to] as const));
  test.each(pairs)('moves each element from %s to %s, of 20 drawn shapes', (from, to) => {
    const draws = randomValues(80, 11);
    for (let i = 0; i < 20; i++) {
      const draw = (axis: number) => extents[Math.floor((((draws[4 * i + axis] ?? 0) + 1) / 2) * extents.length)] ?? 1;
      const shape = [draw(0), draw(1), draw(2), draw(3)];
      const data = randomValues(
        shape.reduce((a, b) => a * b, 1),
        i,
      );
      expect(relayout(data, shape, from, to), `shape ${shape}`).toEqual(expected(data, shape, from, to));
    }
  });

  test('of equal elements is the same, and of both zeros is not', () => {
    const zeros = new Float32Array(6);
    expect(relayout(zeros, [1, 1, 2, 3], 'plain', 'filtersFirst')).toBe(zeros);
    const signs = Float32Array.of(0, -0, 0, 0, 0, 0);
    expect([...relayout(signs, [1, 1, 2, 3], 'plain', 'filtersFirst')]).toEqual([0, 0, -0, 0, 0, 0]);
  });

  test('of no elements is no elements', () => {
    expect(relayout(new Float32Array(0), [2, 0, 3, 4], 'plain', 'channelsFirst')).toEqual(new Float32Array(0));
  });
});
