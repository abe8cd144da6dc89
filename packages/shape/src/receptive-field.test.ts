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
