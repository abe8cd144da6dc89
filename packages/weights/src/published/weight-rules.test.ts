import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resnet50, resnet50V2, resnet101V2, resnet152, resnet152V2 } from '@cnnzoo/resnet';
import { modelGolden } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { writeSafetensors } from '../formats/safetensors.js';
import { loadStateDict } from '../model/load-state-dict.js';
import { stateDict } from '../model/state-dict-of-model.js';
import type { StateDict, StateTensor } from '../state-dict/state-dict.js';
import { loadPretrained } from './load-pretrained.js';
import { applyWeightRules, type WeightRulesId, weightRules } from './weight-rules.js';

beforeAll(() => tf.setBackend('cpu'));

const random = (shape: number[], from = -1, to = 1): StateTensor => ({
  shape,
  dtype: 'F32',
  layout: 'keras',
  data: tf.tidy(() => tf.randomUniform(shape, from, to).dataSync<'float32'>().slice()),
});
const empty = (keys: Iterable<string>): StateDict =>
  new Map([...keys].map((key) => [key, { shape: [1], dtype: 'F32', data: new Float32Array(1) }]));
const someModel = () => tfl.sequential({ layers: [tfl.layers.dense({ inputShape: [1], units: 1, name: 'fc' })] });
const names = (keys: Iterable<string>, rules: WeightRulesId) =>
  [...applyWeightRules(empty(keys), rules, someModel()).keys()].sort();

test.each([
  ['resnet50', resnet50, [3, 4, 6, 3]],
  ['resnet152', resnet152, [3, 8, 36, 3]],
] as const)("Keras's %s has all weights of ours", (_, build, blocks) => {
  const convolution = (name: string) => [`${name}_conv.weight`, `${name}_conv.bias`];
  const norm = (name: string) => ['weight', 'bias', 'running_mean', 'running_var'].map((role) => `${name}_bn.${role}`);
  const keys = [...convolution('conv1'), ...norm('conv1'), 'predictions.weight', 'predictions.bias'];
  for (const [stage, count] of blocks.entries())
    for (let block = 1; block <= count; block++)
      for (const part of block === 1 ? [0, 1, 2, 3] : [1, 2, 3]) {
        const name = `conv${stage + 2}_block${block}_${part}`;
        keys.push(...convolution(name), ...norm(name));
      }
  const model = build({ inputShape: [32, 32, 3], initialWeights: 'zeros', variant: 'v1' });
  expect(names(keys, 'kerasResnet')).toEqual([...stateDict(model).keys()].sort());
});

test.each([
  ['resnet50V2', resnet50V2, [3, 4, 6, 3]],
  ['resnet101V2', resnet101V2, [3, 4, 23, 3]],
  ['resnet152V2', resnet152V2, [3, 8, 36, 3]],
] as const)("Keras's %s has all weights of ours", (_, build, blocks) => {
  const norm = (name: string) => ['weight', 'bias', 'running_mean', 'running_var'].map((role) => `${name}_bn.${role}`);
  const keys = ['conv1_conv.weight', 'conv1_conv.bias', ...norm('post'), 'predictions.weight', 'predictions.bias'];
  for (const [stage, count] of blocks.entries())
    for (let block = 1; block <= count; block++) {
      const name = `conv${stage + 2}_block${block}`;
      if (block === 1) keys.push(`${name}_0_conv.weight`, `${name}_0_conv.bias`);
      keys.push(...norm(`${name}_preact`), ...norm(`${name}_1`), ...norm(`${name}_2`));
      keys.push(`${name}_1_conv.weight`, `${name}_2_conv.weight`, `${name}_3_conv.weight`, `${name}_3_conv.bias`);
    }
  const model = build({ inputShape: [32, 32, 3], initialWeights: 'zeros', variant: 'keras' });
  expect(names(keys, 'kerasResnetV2')).toEqual([...stateDict(model).keys()].sort());
});

test.each([
  ['vgg16', 'kerasVgg16', [2, 2, 3, 3, 3]],
  ['vgg19', 'kerasVgg19', [2, 2, 4, 4, 4]],
] as const)("Keras's %s has all weights of torchvision's", (name, rules, blocks) => {
  const layers = blocks.flatMap((count, block) =>
    Array.from({ length: count }, (_, i) => `block${block + 1}_conv${i + 1}`),
  );
  const keys = [...layers, 'fc1', 'fc2', 'predictions'].flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]);
  expect(names(keys, rules)).toEqual(Object.keys(modelGolden(name).state).sort());
});

test("Keras's Inception-v3 has all weights of torchvision's but for the scales, which are 1", () => {
  const keys = Array.from({ length: 94 }, (_, i) => [
    `conv2d_${i + 1}.weight`,
    ...['bias', 'running_mean', 'running_var'].map((role) => `batch_normalization_${i + 1}.${role}`),
  ]).flat();
  const expected = Object.keys(modelGolden('inception_v3').state).filter((key) => !key.startsWith('AuxLogits'));
  expect(names([...keys, 'predictions.weight', 'predictions.bias'], 'kerasInceptionV3')).toEqual(expected.sort());
});

test('a convolution for BGR with a bias before a batch norm of another epsilon: the same outputs', () => {
  const conv = random([3, 3, 3, 4]);
  const convBias = random([4]);
  const norm = { weight: random([4]), bias: random([4]), running_mean: random([4]), running_var: random([4], 0, 0.01) };
  const x = tf.randomUniform([1, 8, 8, 3]) as tf.Tensor4D;

  const keras = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, name: 'conv1' }),
      tfl.layers.batchNormalization({ epsilon: 1.001e-5, name: 'bn1' }),
    ],
  });
  const shared = Object.entries(norm);
  loadStateDict(
    keras,
    new Map([
      ['conv1.weight', conv],
      ['conv1.bias', convBias],
      ...shared.map(([role, value]) => [`bn1.${role}`, value] as const),
    ]),
  );
  const ours = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, useBias: false, name: 'conv1' }),
      tfl.layers.batchNormalization({ epsilon: 1e-5, name: 'bn1' }),
    ],
  });
  const dict: StateDict = new Map([
    ['conv1_conv.weight', conv],
    ['conv1_conv.bias', convBias],
    ...shared.map(([role, value]) => [`conv1_bn.${role}`, value] as const),
  ]);
  loadStateDict(ours, applyWeightRules(dict, 'kerasResnet', ours));
  const expected = (keras.predict(tf.reverse4d(x, 3)) as tf.Tensor).dataSync();
  const found = (ours.predict(x) as tf.Tensor).dataSync();
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 3);
});

test("timm's VGG: convolutions as large as the map are dense layers after a flatten", async () => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.flatten({ inputShape: [2, 2, 3] }),
      tfl.layers.dense({ units: 4, name: 'classifier.0' }),
      tfl.layers.dense({ units: 5, name: 'classifier.3' }),
      tfl.layers.dense({ units: 6, name: 'classifier.6' }),
    ],
  });
  const tensor = (shape: number[]): StateTensor => ({
    shape,
    dtype: 'F32',
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  });
  const dict: StateDict = new Map([
    ['pre_logits.fc1.weight', tensor([4, 3, 2, 2])],
    ['pre_logits.fc1.bias', tensor([4])],
    ['pre_logits.fc2.weight', tensor([5, 4, 1, 1])],
    ['pre_logits.fc2.bias', tensor([5])],
    ['head.fc.weight', tensor([6, 5])],
    ['head.fc.bias', tensor([6])],
  ]);
  loadStateDict(model, applyWeightRules(dict, 'timmVgg', model));
  expect(stateDict(model).get('classifier.0.weight')?.data).toEqual(dict.get('pre_logits.fc1.weight')?.data);
  expect(stateDict(model).get('classifier.3.weight')?.shape).toEqual([5, 4]);

  // The same by its path, which nobody has said to be timm's.
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-timm-'));
  try {
    writeFileSync(join(folder, 'vgg.safetensors'), writeSafetensors(dict));
    model.setWeights(model.getWeights().map((weight) => tf.zerosLike(weight)));
    const { loaded, weights } = await loadPretrained(model, join(folder, 'vgg.safetensors'));
    expect(weights).toBeNull();
    expect(loaded).toHaveLength(6);
    expect(stateDict(model).get('classifier.0.weight')?.data).toEqual(dict.get('pre_logits.fc1.weight')?.data);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('auxiliary heads are left out where the model has none', () => {
  const keys = ['fc.weight', 'aux1.fc1.weight', 'AuxLogits.conv0.bn.bias'];
  expect(names(keys, 'torchvision')).toEqual(['fc.weight']);
  const withHead = tfl.sequential({ layers: [tfl.layers.dense({ inputShape: [1], units: 1, name: 'aux1.fc1' })] });
  expect([...applyWeightRules(empty(keys), 'torchvision', withHead).keys()]).toEqual(['fc.weight', 'aux1.fc1.weight']);
});

test('every set of rules is used', async () => {
  const { listWeights } = await import('./registry.js');
  expect(new Set(listWeights().map(({ rules }) => rules))).toEqual(new Set(Object.keys(weightRules)));
});
