import { readFileSync } from 'node:fs';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  adaptivePoolOutputSize,
  convOutputSize,
  convTransposeOutputSize,
  padOutputSize,
  poolOutputSize,
  resizeOutputSize,
} from './index.js';

type Pair = [number, number];

/** What PyTorch says of random windows: [input, kernel, stride, padding, dilation, …, output], null where it refuses. */
const torch = JSON.parse(readFileSync(new URL('./fixtures/torch-windows.json', import.meta.url), 'utf8')) as {
  conv2d: [Pair, Pair, Pair, Pair, Pair, Pair | null][];
  convTranspose2d: [Pair, Pair, Pair, Pair, Pair, outputPadding: Pair, Pair | null][];
  maxPool2d: [Pair, Pair, Pair, Pair, Pair, ceilMode: boolean, Pair | null][];
};

/** What a function returns, or null where it throws one of the errors it promises. */
function orNull<Value>(compute: () => Value): Value | null {
  try {
    return compute();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return null;
    throw error;
  }
}

describe('PyTorch has the same output, or both refuse', () => {
  test('conv2d', () => {
    for (const [inputSize, kernelSize, stride, padding, dilation, output] of torch.conv2d) {
      const options = { inputSize, kernelSize, stride, padding, dilation };
      expect(
        orNull(() => convOutputSize(options)),
        JSON.stringify(options),
      ).toEqual(output);
    }
  });

  test('conv_transpose2d', () => {
    for (const [inputSize, kernelSize, stride, padding, dilation, outputPadding, output] of torch.convTranspose2d) {
      const options = { inputSize, kernelSize, stride, padding, dilation, outputPadding };
      expect(
        orNull(() => convTransposeOutputSize(options)),
        JSON.stringify(options),
      ).toEqual(output);
    }
  });

  test('max_pool2d', () => {
    for (const [inputSize, kernelSize, stride, padding, dilation, ceilMode, output] of torch.maxPool2d) {
      const options = { inputSize, kernelSize, stride, padding, dilation, ceilMode };
      expect(
        orNull(() => poolOutputSize(options)),
        JSON.stringify(options),
      ).toEqual(output);
    }
  });
});

/** The height and width tfjs computes, or null where it refuses: it throws, or continues with a size that no tensor has. */
function tfjsSize(compute: () => tf.Tensor): number[] | null {
  tf.engine().startScope();
  try {
    const [, height = 0, width = 0] = compute().shape;
    return [height, width].every((size) => Number.isSafeInteger(size) && size > 0) ? [height, width] : null;
  } catch {
    return null;
  } finally {
    tf.engine().endScope();
  }
}

const size = fc.integer({ min: 1, max: 12 });
const kernel = fc.integer({ min: 1, max: 5 });
const step = fc.integer({ min: 0, max: 4 });
const pairOf = <Value>(of: fc.Arbitrary<Value>) => fc.tuple(of, of);

/** With a number as padding tfjs takes the height's kernel and stride for the width, too; with each side's it does not. */
function sides(padding: 'same' | 'valid' | number) {
  if (typeof padding === 'string') return padding;
  const both: Pair = [padding, padding];
  return [[0, 0], both, both, [0, 0]] as [Pair, Pair, Pair, Pair];
}

const padding = fc.oneof(fc.constantFrom('same' as const, 'valid' as const), fc.integer({ min: 0, max: 3 }));

describe('tfjs', () => {
  test('conv2d has the same output, or both refuse', () => {
    const options = {
      inputSize: pairOf(size),
      kernelSize: pairOf(kernel),
      stride: pairOf(step),
      padding,
      dilation: pairOf(step),
    };
    fc.assert(
      fc.property(fc.record(options), ({ inputSize, kernelSize, stride, padding, dilation }) => {
        // tfjs computes no convolution that is strided and dilated at once.
        fc.pre(Math.max(...stride) === 1 || Math.max(...dilation) === 1);
        const ours = orNull(() => convOutputSize({ inputSize, kernelSize, stride, padding, dilation }));
        const theirs = tfjsSize(() =>
          tf.conv2d(
            tf.zeros([1, ...inputSize, 1]) as tf.Tensor4D,
            tf.zeros([...kernelSize, 1, 1]) as tf.Tensor4D,
            stride,
            sides(padding),
            'NHWC',
            dilation,
          ),
        );
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ['maxPool', tf.maxPool],
    ['avgPool', tf.avgPool],
  ] as const)('%s has the same output, or both refuse', (_, pool) => {
    // tfjs takes a pooling's stride of 0 and goes wrong: bad strides are a test of ours alone.
    const stride = pairOf(fc.integer({ min: 1, max: 4 }));
    const options = { inputSize: pairOf(size), kernelSize: pairOf(kernel), stride, padding };
    fc.assert(
      fc.property(fc.record(options), ({ inputSize, kernelSize, stride, padding }) => {
        // PyTorch refuses windows of nothing but padding, as we do; tfjs does not.
        fc.pre(typeof padding === 'string' || padding <= Math.min(...kernelSize) / 2);
        const ours = orNull(() => poolOutputSize({ inputSize, kernelSize, stride, padding }));
        const theirs = tfjsSize(() =>
          pool(tf.zeros([1, ...inputSize, 1]) as tf.Tensor4D, kernelSize, stride, sides(padding)),
        );
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 400 },
    );
  });

  test('padding has the same output', () => {
    const edges = pairOf(pairOf(fc.integer({ min: 0, max: 3 })));
    fc.assert(
      fc.property(pairOf(size), edges, (inputSize, padding) => {
        const theirs = tfjsSize(() => tf.pad(tf.zeros([1, ...inputSize, 1]), [[0, 0], ...padding, [0, 0]]));
        expect(padOutputSize({ inputSize, padding })).toEqual(theirs);
      }),
    );
  });
});

describe("the lecture's tables", () => {
  test('LeNet-5: 32 28 14 10 5 1', () => {
    expect(convOutputSize({ inputSize: 32, kernelSize: 5 })).toBe(28);
    expect(poolOutputSize({ inputSize: 28, kernelSize: 2 })).toBe(14);
    expect(convOutputSize({ inputSize: 14, kernelSize: 5 })).toBe(10);
    expect(poolOutputSize({ inputSize: 10, kernelSize: 2 })).toBe(5);
    expect(convOutputSize({ inputSize: 5, kernelSize: 5 })).toBe(1);
  });

  test('AlexNet: 227 55 27', () => {
    expect(convOutputSize({ inputSize: 227, kernelSize: 11, stride: 4 })).toBe(55);
    expect(poolOutputSize({ inputSize: 55, kernelSize: 3, stride: 2 })).toBe(27);
  });
});

test('a number for each axis gives a number, any pair gives a pair', () => {
  expect(convOutputSize({ inputSize: 17, kernelSize: 3, stride: 2 })).toBe(8);
  expect(convOutputSize({ inputSize: 17, kernelSize: [1, 7], padding: [0, 3] })).toEqual([17, 17]);
  expect(
    convOutputSize({
      inputSize: [9, 7],
      kernelSize: 3,
      padding: [
        [1, 0],
        [2, 0],
      ],
    }),
  ).toEqual([8, 7]);
});

test('ceil mode leaves out a last window that would start behind the input', () => {
  expect(poolOutputSize({ inputSize: 112, kernelSize: 3, stride: 2, ceilMode: true })).toBe(56);
  expect(poolOutputSize({ inputSize: 4, kernelSize: 1, stride: 3, ceilMode: true })).toBe(2);
  expect(poolOutputSize({ inputSize: 3, kernelSize: 1, stride: 3, ceilMode: true })).toBe(1);
});

test('adaptive pooling gives what is asked, resizing floors', () => {
  expect(adaptivePoolOutputSize({ inputSize: 2, outputSize: 7 })).toBe(7);
  expect(adaptivePoolOutputSize({ inputSize: [13, 9], outputSize: [6, null] })).toEqual([6, 9]);
  expect(resizeOutputSize({ inputSize: 7, scaleFactor: 1.5 })).toBe(10);
  expect(resizeOutputSize({ inputSize: [7, 9], outputSize: [14, 3] })).toEqual([14, 3]);
  expect(padOutputSize({ inputSize: 28, padding: 2 })).toBe(32);
  expect(padOutputSize({ inputSize: 28, padding: -2 })).toBe(24);
  expect(convTransposeOutputSize({ inputSize: 7, kernelSize: 4, stride: 2, padding: 1 })).toBe(14);
  expect(convTransposeOutputSize({ inputSize: 7, kernelSize: 3, stride: 2, padding: 'same' })).toBe(14);
  expect(convTransposeOutputSize({ inputSize: 7, kernelSize: 3, stride: 2, padding: 'valid' })).toBe(15);
});

describe('bad input is refused with its value and the nearest that fits', () => {
  // What a caller without types could pass.
  const untyped = convOutputSize as (options: object) => unknown;
  test.each([
    [
      { inputSize: 3, kernelSize: 5 },
      RangeError,
      /kernelSize 5 .* height 3; .* kernelSize 3, or padding 1, or an input of 5/,
    ],
    [{ inputSize: [9, 3], kernelSize: 5 }, RangeError, /width 3/],
    [{ inputSize: 9, kernelSize: 3, dilation: 5 }, RangeError, /dilation 5 \(reach 11\) .* kernelSize 2, or padding 1/],
    [{ inputSize: 9, kernelSize: 3, stride: 0 }, RangeError, /stride .* got 0; the nearest .* 1/],
    [{ inputSize: 9, kernelSize: 3, stride: 1.6 }, RangeError, /stride .* got 1.6; the nearest .* 2/],
    [{ inputSize: 9, kernelSize: 3, stride: [1, -2] }, RangeError, /stride\[1\] .* got -2/],
    [{ inputSize: 9, kernelSize: 3, stride: [1, 2, 3] }, TypeError, /stride .* pair, got \[1, 2, 3\]/],
    [{ inputSize: 9, kernelSize: '3' }, TypeError, /kernelSize .* got '3'/],
    [{ inputSize: Number.NaN, kernelSize: 3 }, RangeError, /inputSize .* got NaN/],
    [{ inputSize: Number.POSITIVE_INFINITY, kernelSize: 3 }, RangeError, /inputSize .* got Infinity/],
    [{ inputSize: 9, kernelSize: 3, padding: 'SAME' }, TypeError, /padding .* got 'SAME'; the nearest is 'same'/],
    [{ inputSize: 9, kernelSize: 3, padding: -1 }, RangeError, /padding .* got -1; the nearest .* 0/],
    [{ inputSize: 9, kernelSize: 3, padding: 0.5 }, RangeError, /padding .* got 0.5/],
    [{ kernelSize: 3 }, TypeError, /inputSize .* got undefined/],
  ])('%j', (options, type, message) => {
    expect(() => untyped(options)).toThrow(type);
    expect(() => untyped(options)).toThrow(message);
  });

  test('padding of a pooling by more than half the kernel', () => {
    expect(() => poolOutputSize({ inputSize: 9, kernelSize: 3, padding: 2 })).toThrow(
      /more than half .* nearest that fits is 1/,
    );
  });

  test('nothing left', () => {
    expect(() => padOutputSize({ inputSize: 4, padding: -2 })).toThrow(/most that can be cropped is 3/);
    expect(() => resizeOutputSize({ inputSize: 4, scaleFactor: 0.1 })).toThrow(/smallest that does is 0.25/);
    expect(() => resizeOutputSize({ inputSize: 4 })).toThrow(/one of the two/);
    expect(() => convTransposeOutputSize({ inputSize: 1, kernelSize: 2, padding: 2 })).toThrow(
      /nearest that fits is padding 0/,
    );
  });
});
