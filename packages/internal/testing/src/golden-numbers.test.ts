import { expect, test } from 'vitest';
import { goldenInput, goldenKernel, goldenWeight, uniform } from './golden-numbers.js';

test('uniform gives the numbers of the reference implementation', () => {
  // From the definition in Python.
  expect(Array.from(uniform('input', 3))).toEqual(
    [0.35960923321545124, 0.34208923298865557, -0.1126697906292975].map(Math.fround),
  );
});

test('weights follow the rule of their kind', () => {
  expect(goldenWeight('bn.running_var', [64]).every((v) => v >= 1 && v <= 1.5)).toBe(true);
  expect(goldenWeight('bn.weight', [64]).every((v) => v >= 0.9 && v <= 1.1)).toBe(true);
  expect(goldenWeight('fc.bias', [64]).every((v) => v >= -0.1 && v <= 0.1)).toBe(true);
});

test('a kernel has the same weights, outputs last', () => {
  // [outputs, inputs, height, width] and [height * width, inputs, outputs].
  const [pytorch, own] = [goldenWeight('conv.weight', [4, 3, 2, 2]), goldenKernel('conv.weight', [4, 3, 2, 2], 4)];
  for (let o = 0; o < 4; o++)
    for (let i = 0; i < 3; i++)
      for (let s = 0; s < 4; s++) expect(own[(s * 3 + i) * 4 + o]).toBe(pytorch[(o * 3 + i) * 4 + s]);
  expect(goldenKernel('bn.running_var', [64], 1)).toEqual(goldenWeight('bn.running_var', [64]));
});

test('the input is the same image in both layouts', () => {
  const nchw = uniform('input', 2 * 3 * 4 * 5);
  const nhwc = goldenInput(2, 3, 4, 5);
  // [n=1, c=2, h=3, w=4]
  expect(nhwc[((1 * 4 + 3) * 5 + 4) * 3 + 2]).toBe(nchw[((1 * 3 + 2) * 4 + 3) * 5 + 4]);
});
