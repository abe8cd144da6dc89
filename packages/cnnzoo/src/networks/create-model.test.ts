import { modelMetadata } from '@cnnzoo/blocks';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, test } from 'vitest';
import { createModel, listModels, type ModelId } from '../index.js';
import { type Family, families } from './models.js';

test('every family has its networks under torchvision’s names or ours', () => {
  expect(listModels({ family: 'lenet' })).toEqual(['lenet5', 'lenet_book']);
  expect(listModels({ family: 'googlenet' })).toEqual(['googlenet', 'googlenet_paper']);
  expect(listModels({ family: 'inception' })).toEqual(['bn_inception', 'inception_v2', 'inception_v3']);
  const all = listModels();
  const ofFamilies = Object.keys(families).flatMap((family) => listModels({ family: family as Family }));
  expect([...all].sort()).toEqual(ofFamilies.sort());
  expect(new Set(all).size).toBe(all.length);
  expect(all).toEqual(
    expect.arrayContaining(['vgg16_bn', 'vgg16_c', 'resnet50', 'wide_resnet50_2', 'cifar_preact_resnet164']),
  );
});

describe.each(listModels().filter((id) => !/1202|1001/.test(id)))('%s', (id) => {
  test('is built, knows its name, and can be built again from what it knows', () => {
    const model = createModel(id, { numClasses: 3, initialWeights: 'zeros' });
    const metadata = modelMetadata(model);
    expect(metadata).toMatchObject({ id, options: { numClasses: 3 } });
    const again = createModel(metadata?.id as ModelId, { ...metadata?.options, initialWeights: 'zeros' });
    expect(again.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    expect(again.outputs[0]?.shape).toEqual([null, 3]);
    model.dispose();
    again.dispose();
  });

  test('refuses options it does not have', () => {
    expect(() => createModel(id, { classes: 3 } as never)).toThrow(TypeError);
    expect(() => createModel(id, { numClasses: 0 })).toThrow(RangeError);
  });
});

test.each([
  ['ResNet-50', /'resnet50'/],
  ['vgg16bn', /'vgg16_bn'/],
  ['inceptionv3', /'inception_v3'/],
  ['resnet20', /'resnet50'|'cifar_resnet20'/],
  ['toString', /no network 'toString'/],
])('%s is no id: the nearest are named', (id, message) => {
  expect(() => createModel(id as ModelId)).toThrow(RangeError);
  expect(() => createModel(id as ModelId)).toThrow(message);
});

test('wrong arguments', () => {
  expect(() => createModel(50 as never)).toThrow(TypeError);
  expect(() => createModel('resnet50', null as never)).toThrow(TypeError);
  expect(() => createModel('cifar_resnet20', { depth: 32 } as never)).toThrow(/name says 20 already, got 32/);
  expect(() => listModels({ family: 'resnets' as 'resnet' })).toThrow(
    /family must be one of 'lenet', .*, got 'resnets'/,
  );
  expect(() => listModels({ familiy: 'resnet' } as never)).toThrow(TypeError);
});
