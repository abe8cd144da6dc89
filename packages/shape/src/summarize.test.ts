import { describe, expect, test } from 'vitest';
import { alexnetBook, alexnetTable } from './fixtures/alexnet.js';
import { inceptionV3 } from './fixtures/inception-v3.js';
import { type LayerSpec, type ModelSummary, type SummarizeOptions, summarize } from './index.js';

/** Heights of the maps that convolutions and poolings make, one after the other, without repetitions. */
function heights(summary: ModelSummary): (number | undefined)[] {
  return summary.layers.filter(({ kernel }) => kernel !== null).map(({ outputShape }) => outputShape[0]);
}

describe("the lecture's tables", () => {
  test('AlexNet at 227: 55 27 27 13 13 13 13 6', () => {
    const summary = summarize(alexnetTable, { inputShape: [227, 227, 3] });
    expect(heights(summary)).toEqual([55, 27, 27, 13, 13, 13, 13, 6]);
  });

  test("AlexNet's code sample at 256x256x3 has 42,321,218 parameters", () => {
    const summary = summarize(alexnetBook, { inputShape: [256, 256, 3] });
    expect(summary.params).toBe(42_321_218);
    expect(heights(summary)).toEqual([63, 31, 31, 15, 15, 15, 15, 7]);
  });

  test('Inception-v2 at 299: 149 147 147 73 71 35', () => {
    const stem: LayerSpec[] = [
      { type: 'Conv2d', outChannels: 32, kernelSize: 3, stride: 2 },
      { type: 'Conv2d', outChannels: 32, kernelSize: 3 },
      { type: 'Conv2d', outChannels: 64, kernelSize: 3, padding: 1 },
      { type: 'MaxPool2d', kernelSize: 3, stride: 2 },
      { type: 'Conv2d', outChannels: 80, kernelSize: 3 },
      { type: 'Conv2d', outChannels: 192, kernelSize: 3, stride: 2 },
    ];
    expect(heights(summarize(stem, { inputShape: [299, 299, 3] }))).toEqual([149, 147, 147, 73, 71, 35]);
  });

  test('Inception-v3 at 299: 149 147 147 73 73 71 35 17 8', () => {
    const summary = summarize(inceptionV3(), { inputShape: [299, 299, 3] });
    const main = summary.layers.filter(({ auxiliary, kernel }) => !auxiliary && kernel !== null);
    const sizes = main.map(({ outputShape }) => outputShape[0]);
    expect([...new Set(sizes)]).toEqual([149, 147, 73, 71, 35, 17, 8]);
  });
});

describe('costs', () => {
  const layers: LayerSpec[] = [
    { type: 'Conv2d', name: 'conv', outChannels: 8, kernelSize: 3, padding: 1, groups: 2 },
    { type: 'BatchNorm2d', name: 'bn' },
    { type: 'ReLU', name: 'relu' },
    { type: 'Flatten', name: 'flatten' },
    { type: 'Linear', name: 'fc', outFeatures: 10, trainable: false },
  ];
  const summary = summarize(layers, { inputShape: [6, 6, 4], batchSize: 2 });

  test('of each layer', () => {
    expect(
      summary.layers.map(({ name, params, buffers, macs, flops }) => ({ name, params, buffers, macs, flops })),
    ).toEqual([
      { name: 'conv', params: 9 * 2 * 8 + 8, buffers: 0, macs: 36 * 144, flops: 36 * (2 * 144 + 8) },
      { name: 'bn', params: 16, buffers: 16, macs: 0, flops: 2 * 288 },
      { name: 'relu', params: 0, buffers: 0, macs: 0, flops: 288 },
      { name: 'flatten', params: 0, buffers: 0, macs: 0, flops: 0 },
      { name: 'fc', params: 2890, buffers: 0, macs: 2880, flops: 5770 },
    ]);
  });

  test('of the whole', () => {
    expect(summary).toMatchObject({
      params: 152 + 16 + 2890,
      trainableParams: 168,
      nonTrainableParams: 2890,
      buffers: 16,
      macs: 5184 + 2880,
      inputBytes: 2 * 144 * 4,
      forwardBytes: 2 * 4 * (4 * 288 + 10),
      backwardBytes: 2 * 4 * (4 * 288 + 10),
      weightBytes: 4 * (3058 + 16),
      outputShape: [10],
    });
  });

  test('of memory depend on the number type', () => {
    const half = summarize(layers, { inputShape: [6, 6, 4], dtype: 'float16' });
    expect(half.weightBytes).toBe(2 * 3074);
    expect(half.forwardBytes).toBe(2 * 1162);
  });

  test('arithmetic intensity grows with the batch, which shares the weights', () => {
    const one = summarize(layers, { inputShape: [6, 6, 4] });
    const many = summarize(layers, { inputShape: [6, 6, 4], batchSize: 64 });
    const fc = (of: ModelSummary) => of.layers.find(({ name }) => name === 'fc');
    // 5,770 operations on 288 + 10 activations and 2,890 weights of four bytes.
    expect(fc(one)?.arithmeticIntensity).toBeCloseTo(5770 / (4 * 3188), 10);
    expect(fc(many)?.arithmeticIntensity).toBeCloseTo((64 * 5770) / (4 * (64 * 298 + 2890)), 10);
    expect(many.arithmeticIntensity).toBeGreaterThan(one.arithmeticIntensity);
  });

  test('of a layer this package does not know are those it is given', () => {
    const custom: LayerSpec[] = [
      { type: 'Custom', className: 'Shuffle', outputShape: ([shape = []]) => shape, params: 7, macs: 11 },
      { type: 'Custom', className: 'Crop', outputShape: [3, 3, 4] },
    ];
    const known = summarize(custom, { inputShape: [6, 6, 4] });
    expect(known).toMatchObject({ params: 7, macs: 11, outputShape: [3, 3, 4] });
    expect(known.layers.map(({ type, receptiveField }) => [type, receptiveField?.size])).toEqual([
      ['Shuffle', [1, 1]],
      ['Crop', undefined],
    ]);
  });
});

describe('bad input is refused with the place of the layer', () => {
  const conv: LayerSpec = { type: 'Conv2d', outChannels: 8, kernelSize: 3 };
  const cases: readonly [what: string, layers: unknown, options: SummarizeOptions, message: RegExp][] = [
    [
      'a kernel too large',
      [conv, { ...conv, name: 'second' }],
      { inputShape: [4, 4, 3] },
      /^layer 2 of 2, 'second' \(Conv2d\): kernelSize 3 .* height 2; .* kernelSize 2, or padding 1/,
    ],
    [
      'a stride of zero',
      [{ ...conv, stride: 0 }],
      { inputShape: [4, 4, 3] },
      /^layer 1 of 1, 'conv2d_1' \(Conv2d\): stride .* got 0; .* 1$/,
    ],
    ['a fractional stride', [{ ...conv, stride: 0.5 }], { inputShape: [4, 4, 3] }, /layer 1 of 1.* stride .* got 0.5/],
    [
      'an unknown padding',
      [{ ...conv, padding: 'full' }],
      { inputShape: [4, 4, 3] },
      /layer 1 of 1.* padding .* got 'full'/,
    ],
    [
      'groups that do not divide',
      [{ ...conv, groups: 4 }],
      { inputShape: [4, 4, 6] },
      /groups 4 must divide the 6 input and 8 output channels; .* 2$/,
    ],
    [
      'other channels than said',
      [{ ...conv, inChannels: 1 }],
      { inputShape: [4, 4, 3] },
      /inChannels is 1, but 3 come in/,
    ],
    [
      'a linear layer on a map',
      [{ type: 'Linear', outFeatures: 2 }],
      { inputShape: [4, 4, 3] },
      /layer 1 of 1.*flat vector, got \[4, 4, 3\]; .* Flatten before it, of 48/,
    ],
    [
      'a linear layer of other size',
      [{ type: 'Flatten' }, { type: 'Linear', outFeatures: 2, inFeatures: 40 }],
      { inputShape: [4, 4, 3] },
      /layer 2 of 2.* inFeatures is 40, but 48 come in/,
    ],
    [
      'a convolution of a vector',
      [{ type: 'Flatten' }, conv],
      { inputShape: [4, 4, 3] },
      /layer 2 of 2.*feature map.* got \[48\]/,
    ],
    ['an unknown type', [{ type: 'Conv9d' }], { inputShape: [4, 4, 3] }, /layer 1 of 1.*type 'Conv9d' is unknown/],
    ['a layer that is none', [null], { inputShape: [4, 4, 3] }, /layer 1 of 1: expected a layer/],
    [
      'a name taken twice',
      [
        { ...conv, name: 'a' },
        { ...conv, name: 'a' },
      ],
      { inputShape: [9, 9, 3] },
      /layer 2 of 2: the name 'a' is taken/,
    ],
    [
      'an input nobody has',
      [{ ...conv, inputs: 'nobody' }],
      { inputShape: [9, 9, 3] },
      /layer 1 of 1.* input 'nobody' is no layer/,
    ],
    [
      'a cycle',
      [
        { type: 'ReLU', name: 'a', inputs: 'c' },
        { type: 'ReLU', name: 'b', inputs: 'a' },
        { type: 'ReLU', name: 'c', inputs: 'b' },
      ],
      { inputShape: [9, 9, 3] },
      /layer 1 of 3, 'a': depends on its own output \(a -> b -> c -> a\)/,
    ],
    [
      'a layer behind itself',
      [{ type: 'ReLU', name: 'a', inputs: 'a' }],
      { inputShape: [9, 9, 3] },
      /'a': depends on its own output \(a -> a\)/,
    ],
    [
      'branches of other shapes',
      [
        { ...conv, name: 'a' },
        { type: 'Add', inputs: ['a', 'input'] },
      ],
      { inputShape: [9, 9, 8] },
      /layer 2 of 2.* one shape, got \[7, 7, 8\] and \[9, 9, 8\]/,
    ],
    [
      'branches of other sizes',
      [
        { ...conv, name: 'a' },
        { type: 'Concat', inputs: ['a', 'input'] },
      ],
      { inputShape: [9, 9, 3] },
      /layer 2 of 2.* one height and width, got \[7, 7, 8\] and \[9, 9, 3\]; .* height 7 everywhere/,
    ],
    ['one branch', [{ type: 'Add' }], { inputShape: [9, 9, 3] }, /two or more inputs, got 1/],
    [
      'two inputs for a convolution',
      [
        { ...conv, name: 'a' },
        { ...conv, inputs: ['a', 'input'] },
      ],
      { inputShape: [9, 9, 3] },
      /takes one input, got 2/,
    ],
    ['no layers', [], { inputShape: [9, 9, 3] }, /list of layers is empty/],
    ['no list', 'resnet50', { inputShape: [9, 9, 3] }, /list of layers or a LayersModel, got 'resnet50'/],
    ['no input shape', [conv], {}, /inputShape is missing/],
    ['a wrong input shape', [conv], { inputShape: [0, 4, 3] }, /inputShape\[0\] .* got 0/],
    ['no batch', [conv], { inputShape: [4, 4, 3], batchSize: 0 }, /batchSize .* got 0/],
  ];
  test.each(cases)('%s', (_, layers, options, message) => {
    const untyped = summarize as (layers: unknown, options: SummarizeOptions) => unknown;
    let thrown: unknown;
    try {
      untyped(layers, options);
    } catch (error) {
      thrown = error;
    }
    expect(thrown instanceof RangeError || thrown instanceof TypeError).toBe(true);
    expect(String((thrown as Error).message)).toMatch(message);
  });

  test('an unknown number type', () => {
    const untyped = summarize as (layers: LayerSpec[], options: object) => unknown;
    expect(() => untyped([conv], { inputShape: [4, 4, 3], dtype: 'float8' })).toThrow(
      /dtype must be one of .*'float32', .* got 'float8'/,
    );
  });
});

test('layers may be listed in any order that their names connect', () => {
  const summary = summarize(
    [
      { type: 'Add', name: 'sum', inputs: ['late', 'input'] },
      { type: 'Conv2d', name: 'late', inputs: 'input', outChannels: 3, kernelSize: 3, padding: 1 },
      { type: 'ReLU', name: 'last', inputs: 'sum' },
    ],
    { inputShape: [4, 4, 3] },
  );
  expect(summary.layers.map(({ name }) => name)).toEqual(['late', 'sum', 'last']);
});

test('a chain of ten thousand layers is no deeper recursion', () => {
  const chain = Array.from({ length: 10_000 }, (): LayerSpec => ({ type: 'ReLU' }));
  expect(summarize(chain, { inputShape: [4, 4, 1] }).layers).toHaveLength(10_000);
});
