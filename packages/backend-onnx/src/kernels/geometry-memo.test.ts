import { expect, it } from 'vitest';
import { GeometryMemo } from './geometry-memo.js';

it('computes once for the same numbers, and again for others, of the same hash too', () => {
  const memo = new GeometryMemo<string>();
  let computed = 0;
  const get = (numbers: number[]) =>
    memo.get(numbers, () => {
      computed++;
      return numbers.join();
    });
  // 31 a + b is 31 in both
  for (const numbers of [
    [1, 0],
    [0, 31],
    [1, 0],
    [0, 31],
    [1, 0, 0],
  ])
    expect(get([...numbers])).toBe(numbers.join());
  expect(computed).toBe(3);
});

it('keeps no reference to the list that it is asked with', () => {
  const memo = new GeometryMemo<number>();
  const numbers = [1, 2];
  memo.get(numbers, () => 1);
  numbers[0] = 5;
  expect(memo.get([1, 2], () => 2)).toBe(1);
  expect(memo.get([5, 2], () => 3)).toBe(3);
});

it('remembers no errors', () => {
  const memo = new GeometryMemo<number>();
  const fail = (): number => {
    throw new RangeError('no');
  };
  expect(() => memo.get([1], fail)).toThrow('no');
  expect(memo.get([1], () => 4)).toBe(4);
});

it('is bounded', () => {
  const memo = new GeometryMemo<number>();
  memo.get([-1], () => 1);
  for (let i = 0; i < 5_000; i++) memo.get([i], () => i);
  expect(memo.get([-1], () => 2)).toBe(2);
});
