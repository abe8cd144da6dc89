import { recipes } from '@cnnzoo/train';
import { preprocessings, randomGenerator, recipeAugmentation, type Transform } from '@cnnzoo/transforms';
import { describe, expect, test } from 'vitest';

/** Names of the transforms in order, with their first argument. */
const names = ({ description }: Transform) =>
  ((description?.arguments[0] ?? []) as { name: string; arguments: readonly unknown[] }[]).map(
    (each) => `${each.name}(${String(each.arguments[0] ?? '')})`,
  );

const photo = { data: new Uint8Array(80 * 60 * 3).fill(99), width: 80, height: 60, channels: 3 };

describe.each(Object.entries(recipes))('%s', (name, recipe) => {
  test('each of its words is done to an image', () => {
    const own =
      name === 'lenet' ? preprocessings.mnist : name.includes('cifar') ? preprocessings.cifar : preprocessings.imagenet;
    const { transform, batchTransform } = recipeAugmentation(recipe, { preprocessing: own, classes: 3 });
    const image = own.mean.length === 1 ? { ...photo, data: photo.data.subarray(0, 80 * 60), channels: 1 } : photo;
    const { width, height } = transform(image, randomGenerator(1));
    expect([width, height]).toEqual([own.cropSize, own.cropSize]);
    expect(batchTransform === null).toBe(name !== 'modern');
    // A loader's threads make it again from this.
    expect(transform.description).toBeDefined();
  });
});

test('the papers’ augmentation, in order', () => {
  const of = (name: keyof typeof recipes, preprocessing: Parameters<typeof recipeAugmentation>[1]['preprocessing']) =>
    names(recipeAugmentation(recipes[name], { preprocessing, classes: 3 }).transform);
  expect(of('resnet', preprocessings.imagenet)).toEqual([
    'scaleJitter(256)',
    'randomCrop(224)',
    'randomHorizontalFlip(0.5)',
    'pcaLighting(0.1)',
    'toTensor()',
    'normalize(0.485,0.456,0.406)',
  ]);
  expect(of('resnet-cifar', preprocessings.cifar).slice(0, 4)).toEqual([
    'resize(32)',
    'pad(4)',
    'randomCrop(32)',
    'randomHorizontalFlip(0.5)',
  ]);
  expect(of('lenet', preprocessings.mnist).slice(0, 3)).toEqual(['resize(28)', 'pad(2)', 'centerCrop(32)']);
  // In proportion to a network for smaller images.
  expect(of('resnet', { ...preprocessings.imagenet, resizeSize: 128, cropSize: 112 }).slice(0, 2)).toEqual([
    'scaleJitter(128)',
    'randomCrop(112)',
  ]);
  expect(() =>
    recipeAugmentation({ augmentation: ['randomTears'] }, { preprocessing: preprocessings.imagenet, classes: 3 }),
  ).toThrow(/randomTears/);
});
