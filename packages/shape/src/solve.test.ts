import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { convOutputSize, type LayerSpec, solve } from './index.js';

describe('padding', () => {
  test('that keeps the size', () => {
    expect(solve({ find: 'padding', inputSize: 224, kernelSize: 3 }).values).toEqual([1]);
    expect(solve({ find: 'padding', inputSize: 224, kernelSize: 7 }).values).toEqual([3]);
    expect(solve({ find: 'padding', inputSize: 56, kernelSize: 3, dilation: 2 }).values).toEqual([2]);
  });

  test('of an even kernel goes to one side', () => {
    expect(solve({ find: 'padding', inputSize: 17, kernelSize: 2 }).values).toEqual([[0, 1]]);
  });

  test('that halves the size', () => {
    expect(solve({ find: 'padding', inputSize: 224, outputSize: 112, kernelSize: 7, stride: 2 }).values).toEqual([3]);
  });

  test('that does not exist is answered with the nearest', () => {
    expect(solve({ find: 'padding', inputSize: 9, outputSize: 3, kernelSize: 3 })).toEqual({
      values: [],
      nearest: { value: 0, outputSize: 7 },
    });
  });
});

test('kernels and strides of a wanted output', () => {
  expect(solve({ find: 'kernelSize', inputSize: 32, outputSize: 28 }).values).toEqual([5]);
  expect(solve({ find: 'kernelSize', inputSize: 227, outputSize: 55, stride: 4 }).values).toEqual([8, 9, 10, 11]);
  expect(solve({ find: 'stride', inputSize: 227, outputSize: 55, kernelSize: 11 }).values).toEqual([4]);
  expect(solve({ find: 'stride', inputSize: 224, outputSize: 112, kernelSize: 3, padding: 'same' }).values).toEqual([
    2,
  ]);
  expect(solve({ find: 'kernelSize', inputSize: 8, outputSize: 9 })).toEqual({
    values: [],
    nearest: { value: 1, outputSize: 8 },
  });
});

test('finds every value that gives the wanted output, and no other', () => {
  const size = fc.integer({ min: 1, max: 20 });
  const small = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(
      size,
      size,
      small,
      small,
      fc.integer({ min: 1, max: 2 }),
      fc.boolean(),
      (inputSize, outputSize, kernelSize, stride, dilation, ceilMode) => {
        const question = { inputSize, outputSize, dilation, ceilMode };
        const gives = (options: { kernelSize: number; stride: number; padding: number }) => {
          try {
            return convOutputSize({ inputSize, dilation, ceilMode, ...options }) === outputSize;
          } catch {
            return false;
          }
        };
        const upTo = (most: number, from = 1) => Array.from({ length: most - from + 1 }, (_, index) => from + index);
        const kernels = solve({ find: 'kernelSize', ...question, stride, padding: 1 });
        expect(kernels.values).toEqual(upTo(30).filter((value) => gives({ kernelSize: value, stride, padding: 1 })));
        const paddings = solve({ find: 'padding', ...question, kernelSize, stride }).values;
        const symmetric = upTo(80, 0).filter((value) => gives({ kernelSize, stride, padding: value }));
        expect(paddings.filter((value) => typeof value === 'number')).toEqual(symmetric);
        for (const value of paddings) {
          if (typeof value === 'number') continue;
          const [both] = convOutputSize({
            inputSize,
            kernelSize,
            stride,
            dilation,
            ceilMode,
            padding: [value, value],
          }) as [number, number];
          expect(both).toBe(outputSize);
        }
        if (dilation * (kernelSize - 1) + 1 > inputSize + 2) return;
        const strides = solve({ find: 'stride', ...question, kernelSize, padding: 1 }).values;
        const longest = Math.max(...strides);
        const right = upTo(60).filter((value) => gives({ kernelSize, stride: value, padding: 1 }));
        expect(strides).toEqual(right.filter((value) => value <= longest));
        // Only strides so long that there is no second window are not listed.
        expect(outputSize === 1 || right.every((value) => value <= longest)).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

test('the first layer that does not fit, and why', () => {
  const layers: LayerSpec[] = [
    { type: 'Conv2d', outChannels: 6, kernelSize: 5, name: 'conv1' },
    { type: 'MaxPool2d', kernelSize: 2, name: 'pool1' },
    { type: 'Conv2d', outChannels: 16, kernelSize: 5, name: 'conv2' },
    { type: 'MaxPool2d', kernelSize: 2, name: 'pool2' },
    { type: 'Conv2d', outChannels: 120, kernelSize: 5, name: 'conv3' },
  ];
  expect(solve({ find: 'misfit', layers, inputShape: [32, 32, 1] })).toBeNull();
  expect(solve({ find: 'misfit', layers, inputShape: [28, 28, 1] })).toEqual({
    name: 'conv3',
    place: 'layer 5 of 5',
    inputShapes: [[4, 4, 16]],
    reason:
      "kernelSize 5 is larger than the input's height 4; the nearest that fits: kernelSize 4, or padding 1, or an input of 5",
  });
});

test('refuses questions it does not know and sizes that are none', () => {
  const untyped = solve as (question: object) => unknown;
  expect(() => untyped({ find: 'dilation', inputSize: 5 })).toThrow(/find must be .* got 'dilation'/);
  expect(() => untyped({ find: 'padding', inputSize: 0, kernelSize: 3 })).toThrow(/inputSize .* got 0/);
  expect(() => untyped({ find: 'padding', inputSize: 9, kernelSize: 3, stride: 0.5 })).toThrow(/stride .* got 0.5/);
  expect(() => untyped({ find: 'padding', inputSize: 1e9, kernelSize: 3 })).toThrow(/inputSize must be at most 65536/);
  expect(() => untyped({ find: 'stride', inputSize: 4, kernelSize: 9 })).toThrow(/kernelSize 9 .* size 4/);
});
