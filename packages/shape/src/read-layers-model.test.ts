import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { summarize } from './index.js';

type Layer = { apply(x: tfl.SymbolicTensor | tfl.SymbolicTensor[]): unknown };

function apply(layer: Layer, x: tfl.SymbolicTensor | tfl.SymbolicTensor[]): tfl.SymbolicTensor {
  return layer.apply(x) as tfl.SymbolicTensor;
}

const zeros = 'zeros';
/** A random layer of tfjs for a feature map, legal or not. */
const anyLayer = fc.oneof(
  fc.record({
    kind: fc.constant('conv2d' as const),
    filters: fc.integer({ min: 1, max: 3 }),
    kernelSize: fc.integer({ min: 1, max: 4 }),
    strides: fc.integer({ min: 1, max: 3 }),
    padding: fc.constantFrom('same' as const, 'valid' as const),
    useBias: fc.boolean(),
    activation: fc.constantFrom('linear' as const, 'relu' as const),
  }),
  fc.record({
    kind: fc.constant('depthwiseConv2d' as const),
    depthMultiplier: fc.integer({ min: 1, max: 2 }),
    kernelSize: fc.integer({ min: 1, max: 4 }),
    padding: fc.constantFrom('same' as const, 'valid' as const),
  }),
  fc.record({
    kind: fc.constant('separableConv2d' as const),
    filters: fc.integer({ min: 1, max: 3 }),
    depthMultiplier: fc.integer({ min: 1, max: 2 }),
    kernelSize: fc.integer({ min: 1, max: 4 }),
    padding: fc.constantFrom('same' as const, 'valid' as const),
  }),
  fc.record({
    kind: fc.constant('conv2dTranspose' as const),
    filters: fc.integer({ min: 1, max: 3 }),
    kernelSize: fc.integer({ min: 1, max: 3 }),
    strides: fc.integer({ min: 1, max: 2 }),
    padding: fc.constantFrom('same' as const, 'valid' as const),
  }),
  fc.record({
    kind: fc.constantFrom('maxPooling2d' as const, 'averagePooling2d' as const),
    poolSize: fc.integer({ min: 1, max: 4 }),
    strides: fc.integer({ min: 1, max: 3 }),
    padding: fc.constantFrom('same' as const, 'valid' as const),
  }),
  fc.record({ kind: fc.constant('zeroPadding2d' as const), padding: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ kind: fc.constant('upSampling2d' as const), size: fc.constantFrom<[number, number]>([1, 2], [2, 2]) }),
  fc.record({
    kind: fc.constantFrom('batchNormalization' as const, 'reLU' as const, 'dropout' as const, 'permute' as const),
  }),
  fc.record({ kind: fc.constant('dense' as const), units: fc.integer({ min: 1, max: 3 }) }),
);

function build(spec: typeof anyLayer extends fc.Arbitrary<infer Spec> ? Spec : never): Layer {
  switch (spec.kind) {
    case 'conv2d':
      return tfl.layers.conv2d({ ...spec, kernelInitializer: zeros });
    case 'depthwiseConv2d':
      return tfl.layers.depthwiseConv2d({ ...spec, depthwiseInitializer: zeros });
    case 'separableConv2d':
      return tfl.layers.separableConv2d({ ...spec, depthwiseInitializer: zeros, pointwiseInitializer: zeros });
    case 'conv2dTranspose':
      return tfl.layers.conv2dTranspose({ ...spec, kernelInitializer: zeros });
    case 'maxPooling2d':
      return tfl.layers.maxPooling2d(spec);
    case 'averagePooling2d':
      return tfl.layers.averagePooling2d(spec);
    case 'zeroPadding2d':
      return tfl.layers.zeroPadding2d({ padding: spec.padding });
    case 'upSampling2d':
      return tfl.layers.upSampling2d({ size: spec.size });
    case 'batchNormalization':
      return tfl.layers.batchNormalization();
    case 'reLU':
      return tfl.layers.reLU();
    case 'dropout':
      return tfl.layers.dropout({ rate: 0.5 });
    case 'permute':
      return tfl.layers.permute({ dims: [2, 1, 3] });
    case 'dense':
      return tfl.layers.dense({ units: spec.units, kernelInitializer: zeros });
  }
}

const dimension = fc.integer({ min: 1, max: 9 });

test('random networks have the shapes that tfjs computes, its number of weights, and are refused where they do not fit', () => {
  let refused = 0;
  fc.assert(
    fc.property(
      fc.tuple(dimension, dimension, fc.integer({ min: 1, max: 3 })),
      fc.array(anyLayer, { minLength: 1, maxLength: 6 }),
      (inputShape, specs) => {
        const input = tfl.input({ shape: inputShape });
        let x = input;
        for (const spec of specs) x = apply(build(spec), x);
        const model = tfl.model({ inputs: input, outputs: x });
        try {
          // tfjs builds networks whose maps have shrunk to nothing or less, and some of its kernels even run them.
          const legal = model.layers.every(({ outputShape }) =>
            outputShape.every((size) => size === null || Number(size) > 0),
          );
          if (legal) {
            const summary = summarize(model);
            const last = new Map(summary.layers.map((layer) => [layer.partOf ?? layer.name, layer.outputShape]));
            for (const layer of model.layers.slice(1)) expect(last.get(layer.name)).toEqual(layer.outputShape.slice(1));
            expect(summary.params + summary.buffers).toBe(model.countParams());
            const run = tf.tidy(() => (model.predict(tf.zeros([2, ...inputShape])) as tf.Tensor).shape);
            expect([2, ...summary.outputShape]).toEqual(run);
          } else {
            refused++;
            expect(() => summarize(model)).toThrow(RangeError);
          }
        } finally {
          model.dispose();
        }
      },
    ),
    { numRuns: 120 },
  );
  expect(refused).toBeGreaterThan(5);
});

describe('a model', () => {
  test('with branches lists them in the order in which they were built', () => {
    const input = tfl.input({ shape: [8, 8, 4], name: 'image' });
    const shortcut = apply(
      tfl.layers.conv2d({ filters: 6, kernelSize: 1, name: 'shortcut', kernelInitializer: zeros }),
      input,
    );
    const conv = apply(
      tfl.layers.conv2d({ filters: 6, kernelSize: 3, padding: 'same', name: 'conv', kernelInitializer: zeros }),
      input,
    );
    const sum = apply(tfl.layers.add({ name: 'add' }), [conv, shortcut]);
    const both = apply(tfl.layers.concatenate({ name: 'cat' }), [sum, input]);
    const model = tfl.model({ inputs: input, outputs: both, name: 'branched' });
    const summary = summarize(model, { inputShape: [16, 12, 4] });
    expect(summary.name).toBe('branched');
    expect(summary.layers.map(({ name }) => name)).toEqual(['shortcut', 'conv', 'add', 'cat']);
    expect(summary.layers.map(({ inputs }) => inputs)).toEqual([
      ['image'],
      ['image'],
      ['conv', 'shortcut'],
      ['add', 'image'],
    ]);
    expect(summary.outputShape).toEqual([16, 12, 10]);
    expect(summary.receptiveField?.size).toEqual([3, 3]);
    model.dispose();
  });

  test('with a layer called twice counts its weights once', () => {
    const input = tfl.input({ shape: [8, 8, 3] });
    const shared = tfl.layers.conv2d({
      filters: 3,
      kernelSize: 3,
      padding: 'same',
      name: 'shared',
      kernelInitializer: zeros,
    });
    const model = tfl.model({ inputs: input, outputs: apply(shared, apply(shared, input)) });
    const summary = summarize(model);
    expect(summary.layers.map(({ name, params }) => [name, params])).toEqual([
      ['shared', 84],
      ['shared:2', 0],
    ]);
    expect(summary.params).toBe(model.countParams());
    expect(summary.macs).toBe(2 * 8 * 8 * 81);
    expect(summary.receptiveField?.size).toEqual([5, 5]);
    model.dispose();
  });

  test('inside a model is read in place', () => {
    const inner = tfl.sequential({ name: 'inner' });
    inner.add(
      tfl.layers.conv2d({ filters: 2, kernelSize: 3, name: 'conv', inputShape: [8, 8, 3], kernelInitializer: zeros }),
    );
    inner.add(tfl.layers.maxPooling2d({ poolSize: 2, strides: 2, name: 'pool' }));
    const input = tfl.input({ shape: [8, 8, 3], name: 'image' });
    const model = tfl.model({
      inputs: input,
      outputs: apply(tfl.layers.flatten({ name: 'flat' }), apply(inner, input)),
    });
    const summary = summarize(model);
    expect(summary.layers.map(({ name }) => name)).toEqual(['inner/conv', 'inner/pool', 'flat']);
    expect(summary.layers[0]?.inputs).toEqual(['image']);
    expect(summary.outputShape).toEqual([18]);
    model.dispose();
  });

  test('with frozen layers and running statistics tells what trains', () => {
    const model = tfl.sequential({ name: 'frozen' });
    model.add(
      tfl.layers.conv2d({
        filters: 4,
        kernelSize: 3,
        inputShape: [8, 8, 3],
        trainable: false,
        kernelInitializer: zeros,
      }),
    );
    model.add(tfl.layers.batchNormalization());
    const summary = summarize(model);
    expect(summary).toMatchObject({ params: 120, trainableParams: 8, nonTrainableParams: 112, buffers: 8 });
    model.dispose();
  });

  test('with several outputs has the first as its main one', () => {
    const input = tfl.input({ shape: [4, 4, 2] });
    const trunk = apply(
      tfl.layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same', name: 'trunk', kernelInitializer: zeros }),
      input,
    );
    const head = (name: string, units: number) =>
      apply(
        tfl.layers.dense({ units, name, kernelInitializer: zeros }),
        apply(tfl.layers.flatten({ name: `${name}.flatten` }), trunk),
      );
    const auxiliary = head('auxiliary', 5);
    const model = tfl.model({ inputs: input, outputs: [head('main', 3), auxiliary] });
    const summary = summarize(model);
    expect(summary.outputShape).toEqual([3]);
    expect(summary.macs).toBe(16 * 36 + 32 * 3);
    expect(summary.auxiliaryMacs).toBe(32 * 5);
    expect(summary.params).toBe(model.countParams());
    expect(summary.layers.filter(({ auxiliary }) => auxiliary).map(({ name }) => name)).toEqual([
      'auxiliary.flatten',
      'auxiliary',
    ]);
    model.dispose();
  });

  test('of unknown height and width asks for an inputShape', () => {
    const input = tfl.input({ shape: [null, null, 3], name: 'image' });
    const model = tfl.model({
      inputs: input,
      outputs: apply(tfl.layers.conv2d({ filters: 2, kernelSize: 3, kernelInitializer: zeros }), input),
    });
    expect(() => summarize(model)).toThrow(/image\[0\] .* got NaN/);
    expect(summarize(model, { inputShape: [5, 6, 3] }).outputShape).toEqual([3, 4, 2]);
    model.dispose();
  });

  test('with channels first is refused by the name of the layer', () => {
    const input = tfl.input({ shape: [3, 8, 8] });
    const pool = tfl.layers.maxPooling2d({ poolSize: 2, dataFormat: 'channelsFirst', name: 'pool' });
    const model = tfl.model({ inputs: input, outputs: apply(pool, input) });
    expect(() => summarize(model)).toThrow(/'pool' \(MaxPooling2D\) has dataFormat 'channelsFirst'/);
    model.dispose();
  });

  test('that is not built is refused', () => {
    const model = tfl.sequential({ name: 'unbuilt' });
    expect(() => summarize(model)).toThrow(/'unbuilt' .* inputShape/);
  });

  test('of thousands of layers in a chain is read', () => {
    const input = tfl.input({ shape: [4, 4, 1] });
    let x = input;
    for (let depth = 0; depth < 1000; depth++) x = apply(tfl.layers.reLU(), x);
    expect(summarize(tfl.model({ inputs: input, outputs: x })).layers).toHaveLength(1000);
  });
});
