import { modelGolden } from '@cnnzoo/testing';
import { describe, expect, test } from 'vitest';
import { alexnet } from './fixtures/alexnet.js';
import { googlenet } from './fixtures/googlenet.js';
import { inceptionV3 } from './fixtures/inception-v3.js';
import { resnet } from './fixtures/resnet.js';
import { vgg } from './fixtures/vgg.js';
import { type LayerSpec, summarize } from './index.js';

/** torchvision's parameters (auxiliary heads included) and multiply-accumulates (without them). */
const models: readonly [id: string, layers: LayerSpec[], size: number, params: number, macs: number][] = [
  ['alexnet', alexnet, 224, 61100840, 714188480],
  ['googlenet', googlenet(), 224, 13004888, 1498376192],
  ['inception_v3', inceptionV3(), 299, 27161264, 5713216096],
  ['resnet18', resnet('resnet18'), 224, 11689512, 1814073344],
  ['resnet34', resnet('resnet34'), 224, 21797672, 3663761408],
  ['resnet50', resnet('resnet50'), 224, 25557032, 4089184256],
  ['resnet101', resnet('resnet101'), 224, 44549160, 7801405440],
  ['resnet152', resnet('resnet152'), 224, 60192808, 11513626624],
  ['resnext50_32x4d', resnet('resnext50_32x4d'), 224, 25028904, 4230479872],
  ['wide_resnet50_2', resnet('wide_resnet50_2'), 224, 68883240, 11398021120],
  ['vgg11', vgg('vgg11', false), 224, 132863336, 7609090048],
  ['vgg11_bn', vgg('vgg11', true), 224, 132868840, 7609090048],
  ['vgg13', vgg('vgg13', false), 224, 133047848, 11308466176],
  ['vgg13_bn', vgg('vgg13', true), 224, 133053736, 11308466176],
  ['vgg16', vgg('vgg16', false), 224, 138357544, 15470264320],
  ['vgg16_bn', vgg('vgg16', true), 224, 138365992, 15470264320],
  ['vgg19', vgg('vgg19', false), 224, 143667240, 19632062464],
  ['vgg19_bn', vgg('vgg19', true), 224, 143678248, 19632062464],
];

describe.each(models)('%s', (id, layers, size, params, macs) => {
  const summary = summarize(layers, { inputShape: [size, size, 3] });

  test('has the parameters and multiply-accumulates of torchvision', () => {
    expect({ params: summary.params, macs: summary.macs }).toEqual({ params, macs });
  });

  test("equals torchvision's layers and state", () => {
    const golden = modelGolden(id);
    expect({ params: summary.params, macs: summary.macs }).toEqual({ params: golden.params, macs: golden.macs });
    const sizes = Object.entries(golden.state).map(
      ([key, shape]) => [/running/.test(key), shape.reduce((a, b) => a * b, 1)] as const,
    );
    expect(summary.buffers).toBe(sizes.reduce((sum, [buffer, count]) => sum + (buffer ? count : 0), 0));
    if (golden.layers === undefined) return;
    // The goldens leave out what torchvision calls as functions, and name a module that is called again by its one name.
    const listed = new Set(golden.layers.map(([name]) => name));
    const rows = summary.layers.flatMap((layer) => {
      const name = layer.type === 'ReLU' ? layer.name.replace(/_\d+$/, '') : layer.name;
      const [height, width, channels] = layer.outputShape;
      const shape = layer.outputShape.length === 3 ? [channels, height, width] : layer.outputShape;
      return listed.has(name) ? [[name, layer.type, shape, layer.params, layer.macs]] : [];
    });
    expect(rows).toEqual(golden.layers);
  });
});
