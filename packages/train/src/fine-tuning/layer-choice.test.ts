import '@tensorflow/tfjs-backend-cpu';
import { expect, test } from 'vitest';
import { allWeights, tinyLoader, tinyModel } from '../fixtures/tiny-run.js';
import { train } from '../loop/train.js';
import { sgd } from '../optimizers/sgd.js';
import { freezeLayers, setLearningRateFactors, unfreezeLayers } from './layer-choice.js';

const values = (model: ReturnType<typeof tinyModel>, name: string) =>
  model.getLayer(name).weights.flatMap((weight) => [...weight.read().dataSync()]);

test('frozen layers do not move, running statistics included; others do', async () => {
  const model = tinyModel();
  freezeLayers(model, ['conv1', 'bn1']);
  const before = ['conv1', 'bn1', 'fc'].map((name) => values(model, name));
  await train(model, tinyLoader(), {
    epochs: 1,
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.1 }),
  });
  const after = ['conv1', 'bn1', 'fc'].map((name) => values(model, name));
  expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
  expect(after[2]).not.toEqual(before[2]);
  unfreezeLayers(model, ['conv1']);
  expect(model.trainableWeights.map(({ originalName }) => originalName).some((name) => name.includes('conv1'))).toBe(
    true,
  );
});

test('factors on the learning rate hold for modules, the longest name first', async () => {
  const [slow, plain] = [tinyModel(), tinyModel()];
  const [one, other] = [sgd({ learningRate: 0.1 }), sgd({ learningRate: 0.1 })];
  setLearningRateFactors(slow, one, { conv1: 0, fc: 0.5 });
  const start = values(plain, 'fc');
  await train(slow, tinyLoader(1), { epochs: 1, optimizer: one });
  await train(plain, tinyLoader(1), { epochs: 1, optimizer: other });
  expect(values(slow, 'conv1')).toEqual(values(tinyModel(), 'conv1'));
  expect(values(slow, 'bn1')).toEqual(values(plain, 'bn1'));
  const fc = values(plain, 'fc');
  for (const [i, value] of values(slow, 'fc').entries())
    expect(value).toBeCloseTo((start[i] ?? 0) + ((fc[i] ?? 0) - (start[i] ?? 0)) / 2, 6);
});

test('names that the model does not have are errors before anything changes', async () => {
  const model = tinyModel();
  expect(() => freezeLayers(model, ['conv1', 'layer9'])).toThrow(
    "modules must name layers or modules of model 'tiny', got 'layer9'",
  );
  expect(model.getLayer('conv1').trainable).toBe(true);
  expect(() => setLearningRateFactors(model, sgd({ learningRate: 1 }), { conv: 0.1 })).toThrow(
    "factors must name layers or modules of model 'tiny', got 'conv'",
  );
  freezeLayers(model, ['conv1', 'bn1', 'fc']);
  await expect(train(model, tinyLoader(), { epochs: 1, optimizer: sgd({ learningRate: 1 }) })).rejects.toThrow(
    "model 'tiny' has nothing to train: all is frozen",
  );
  expect(allWeights(model)).toEqual(allWeights(tinyModel()));
});
