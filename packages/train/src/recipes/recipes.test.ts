import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { formatRecipe, recipeOptions } from './recipe-options.js';
import { type Recipe, type RecipeName, recipes } from './recipes.js';

const names = Object.keys(recipes) as RecipeName[];

test.each(names)('%s gives options and can be read', (name) => {
  const { epochs, optimizer, schedule } = recipeOptions(name);
  expect(epochs).toBeGreaterThan(0);
  expect(optimizer.learningRate).toBe(recipes[name].optimizer.learningRate);
  const factor = schedule?.({ step: 0, epoch: 0, totalSteps: 1000, totalEpochs: epochs, history: [] });
  const recipe: Recipe = recipes[name];
  expect(factor).toBeCloseTo(recipe.warmUp?.start ?? 1, 12);
  expect(formatRecipe(name)).toContain(recipes[name].paper);
});

test("DSN's recipe has the squared hinge for its loss, and another name of a loss is refused", async () => {
  await tf.setBackend('cpu');
  const loss = tf.tidy(() =>
    recipeOptions('dsn-cifar')
      .loss?.(tf.tensor1d([0], 'int32'), tf.tensor2d([[0.5, 0, -2]]))
      .dataSync(),
  );
  expect(loss).toEqual(Float32Array.of(0.5 ** 2 + 1)); // and 0 for -2, which is beyond the margin
  expect(() => recipeOptions({ ...recipes['dsn-cifar'], loss: 'hinge' as 'squaredHinge' })).toThrow(
    /loss must be 'squaredHinge', got 'hinge'/,
  );
});

test('Inception-v3 is trained as its paper says', () => {
  const { optimizer, schedule, ...rest } = recipeOptions('inception');
  expect(optimizer.getConfig()).toMatchObject({ learningRate: 0.045, decay: 0.9, momentum: 0.9, epsilon: 1 });
  const at = (epoch: number) => schedule?.({ step: 0, epoch, totalSteps: 1e6, totalEpochs: 100, history: [] });
  expect([at(1), at(2), at(4)]).toEqual([1, 0.94, 0.94 ** 2]);
  expect(rest).toEqual({
    epochs: 100,
    labelSmoothing: 0.1,
    auxiliaryWeight: 0.4,
    clipping: { norm: 2 },
    averageDecay: 0.9999,
  });
});

test('a recipe in print', () => {
  expect(formatRecipe('resnet-cifar-110')).toBe(
    `networks      cifar_resnet110, cifar_resnet1202, cifar_plain110, cifar_preact_resnet164, cifar_preact_resnet1001
paper         He et al., "Deep residual learning for image recognition" (2016), section 4.2, and "Identity mappings in deep residual networks" (2016), appendix
batch size    128
epochs        182
optimizer     sgd(learning rate 0.1, momentum 0.9, weight decay 0.0001)
schedule      multiStepDecay(milestones 32000 48000, factor 0.1, unit step)
warm-up       duration 400, start 0.1, unit step
augmentation  pad(4), randomCrop(32), randomHorizontalFlip
notes         the paper starts with a tenth of the learning rate until the training error is below 80 %, about 400 steps; here it rises to it
`,
  );
});

test('a recipe of your own', () => {
  expect(recipeOptions({ ...recipes.resnet, epochs: 7 }).epochs).toBe(7);
  expect(() => recipeOptions('resnext' as 'resnet')).toThrow('recipe must be one of lenet, alexnet, vgg');
});
