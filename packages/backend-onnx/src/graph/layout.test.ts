import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { axesOf, type Layout, physicalShape, relayout } from './layout.js';

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
const extent = fc.constantFrom<number>(1, 1, 2, 3, 15, 16, 17);
const layout = fc.constantFrom<Layout>('plain', 'channelsFirst', 'filtersFirst');

describe('relayout', () => {
  test('moves each element to its place', () => {
    fc.assert(
      fc.property(fc.tuple(extent, extent, extent, extent), layout, layout, (shape, from, to) => {
        const data = Float32Array.from({ length: shape.reduce<number>((a, b) => a * b, 1) }, (_, i) => i);
        const moved = relayout(data, shape, from, to);
        // An assertion for each of up to 83,521 elements would take seconds.
        const wrong = expected(data, shape, from, to).findIndex((value, i) => value !== moved[i]);
        expect([moved.length, wrong]).toEqual([data.length, -1]);
      }),
    );
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
