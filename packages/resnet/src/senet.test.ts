import { readFileSync } from 'node:fs';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { describeFamily, type ModelGolden, parameterCount } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import * as resnet from './index.js';

beforeAll(async () => {
  registerOnnxBackend();
  await tf.setBackend('cpu');
});

// Made by model_golden.py of timm:legacy_seresnet50 and so on, with PyTorch 2.15.0 and timm 1.0.31, without its list of layers.
for (const [name, build] of [
  ['se_resnet50', resnet.seResnet50],
  ['se_resnext50_32x4d', resnet.seResnext50_32x4d],
  ['senet154', resnet.senet154],
] as const) {
  const file = new URL(`./fixtures/${name}.json`, import.meta.url);
  const golden = JSON.parse(readFileSync(file, 'utf8')) as ModelGolden;
  const [channels, height, width] = golden.input;
  describe(name, () =>
    describeFamily(golden, (options) => build({ ...options, inputShape: [height, width, channels] })),
  );
}

// timm's.
test.each<[string, number, () => LayersModel]>([
  ['SE-ResNet-101', 49_326_872, () => resnet.seResnet101({ initialWeights: 'zeros' })],
  ['SE-ResNet-152', 66_821_848, () => resnet.seResnet152({ initialWeights: 'zeros' })],
  ['SE-ResNeXt-101', 48_955_416, () => resnet.seResnext101_32x4d({ initialWeights: 'zeros' })],
])('%s has %i parameters', (_, parameters, build) => {
  const model = build();
  expect(parameterCount(model)).toBe(parameters);
  model.dispose();
});
