import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alexnet } from './fixtures/alexnet.js';
import { bnInception } from './fixtures/bn-inception.js';
import { inceptionV3 } from './fixtures/inception-v3.js';
import { resnet } from './fixtures/resnet.js';
import { vgg } from './fixtures/vgg.js';
import { type LayerSpec, summarize } from './index.js';

describe('receptive fields of the table in Araujo et al. 2019', () => {
  const table: readonly [network: string, layers: LayerSpec[], inputSize: number, size: number, jump: number][] = [
    ['AlexNet', alexnet, 224, 195, 32],
    ['VGG-16', vgg('vgg16', false), 224, 212, 32],
    ['ResNet-v1-50', resnet('resnet50', 'conv1'), 224, 483, 32],
    ['ResNet-v1-101', resnet('resnet101', 'conv1'), 224, 1027, 32],
    ['ResNet-v1-152', resnet('resnet152', 'conv1'), 224, 1507, 32],
    ['BN-Inception', bnInception(), 224, 699, 32],
    ['Inception-v3', inceptionV3(), 299, 1311, 32],
  ];
  test.each(table)('%s', (_, layers, inputSize, size, jump) => {
    const { receptiveField } = summarize(layers, { inputShape: [inputSize, inputSize, 3] });
    expect(receptiveField?.size).toEqual([size, size]);
    expect(receptiveField?.jump).toEqual([jump, jump]);
  });

  test.each([
    ['resnet50', 427],
    ['resnet101', 971],
    ['resnet152', 1451],
  ] as const)('%s sees less with the stride on the 3x3, as in torchvision', (name, size) => {
    const { receptiveField } = summarize(resnet(name), { inputShape: [224, 224, 3] });
    expect(receptiveField?.size).toEqual([size, size]);
  });
});

/** What one row and column of a map see, found by following each element back through the layers. */
function seenBy(
  layers: readonly { kernelSize: number; stride: number; padding: number }[],
  element: number,
): [number, number] {
  let [first, last] = [element, element];
  for (const { kernelSize, stride, padding } of layers.toReversed()) {
    first = first * stride - padding;
    last = last * stride - padding + kernelSize - 1;
  }
  return [first, last + 1];
}

test('an element sees what following it back through random layers finds', () => {
  const layer = fc.record({
    kernelSize: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.integer({ min: 0, max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(layer, { minLength: 1, maxLength: 5 }), fc.integer({ min: 0, max: 3 }), (layers, element) => {
      const specs = layers.map((options): LayerSpec => ({ type: 'Conv2d', outChannels: 1, ...options }));
      const { receptiveField } = summarize(specs, { inputShape: [2000, 2000, 1] });
      const along = (axis: 0 | 1) => {
        const [size = 0, jump = 0, start = 0] = [
          receptiveField?.size[axis],
          receptiveField?.jump[axis],
          receptiveField?.start[axis],
        ];
        return [start + element * jump - size / 2, start + element * jump + size / 2];
      };
      expect([along(0), along(1)]).toEqual([seenBy(layers, element), seenBy(layers, element)]);
    }),
  );
});

test('adaptive pooling sees its largest bin', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (inputSize, outputSize) => {
      const bins = Array.from({ length: outputSize }, (_, index) => {
        return Math.ceil(((index + 1) * inputSize) / outputSize) - Math.floor((index * inputSize) / outputSize);
      });
      const summary = summarize([{ type: 'AdaptiveAvgPool2d', outputSize }], { inputShape: [inputSize, 7, 1] });
      const field = summary.layers[0]?.receptiveField;
      expect(field?.size[0]).toBe(Math.max(...bins));
      expect(field?.start[0]).toBe((bins[0] ?? 0) / 2);
    }),
  );
});

test('linear layers and global pooling see the whole map', () => {
  const summary = summarize(
    [
      { type: 'Conv2d', outChannels: 4, kernelSize: 3, stride: 2, padding: 1 },
      { type: 'GlobalAvgPool2d' },
      { type: 'Linear', outFeatures: 2 },
    ],
    { inputShape: [9, 11, 1] },
  );
  // Five and six elements, two pixels apart, of three pixels each.
  expect(summary.layers.map(({ receptiveField }) => receptiveField?.size)).toEqual([
    [3, 3],
    [11, 13],
    [11, 13],
  ]);
  expect(summary.receptiveField?.size).toEqual([3, 3]);
});

test('upsampling brings the elements closer', () => {
  const upsampled = (mode: 'nearest' | 'bilinear') =>
    summarize([{ type: 'Upsample', scaleFactor: 2, mode }], { inputShape: [8, 8, 1] }).layers[0]?.receptiveField;
  expect(upsampled('nearest')).toEqual({ size: [1, 1], jump: [0.5, 0.5], start: [0.25, 0.25] });
  expect(upsampled('bilinear')).toEqual({ size: [2, 2], jump: [0.5, 0.5], start: [0.25, 0.25] });
  const transposed = summarize([{ type: 'ConvTranspose2d', outChannels: 1, kernelSize: 4, stride: 2, padding: 1 }], {
    inputShape: [8, 8, 1],
  });
  expect(transposed.layers[0]?.receptiveField).toEqual({ size: [2, 2], jump: [0.5, 0.5], start: [0.25, 0.25] });
});
