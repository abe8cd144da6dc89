import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { afterAll, expect, test } from 'vitest';
import { createModel } from '../../networks/create-model.js';
import { optionsForTraining, writeTorchTraining, writeTraining } from './export-training.js';

const folder = mkdtempSync(join(tmpdir(), 'export-training-'));
afterAll(() => rmSync(folder, { recursive: true }));

const options = { batchSize: undefined, recipe: undefined, opset: undefined };

test('a training step takes optimizer and batch size from the recipe, and says what goes in and out', async () => {
  const path = join(folder, 'lenet');
  const { recipe, inputs, outputs, opset, files } = await writeTraining(createModel('lenet5'), 'lenet5', path, options);
  const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8'));
  expect({ recipe, opset }).toEqual({ recipe: 'lenet', opset: 18 });
  expect(inputs.map(({ name }) => name)).toEqual(['images', 'labels', 'learning_rate']);
  expect(outputs.map(({ name }) => name)).toEqual(['loss', 'accuracy', 'gradient_norm']);
  expect(files.map(({ path: file }) => file).sort()).toEqual(
    ['manifest.json', 'state.safetensors', 'step.onnx'].map((name) => join(path, name)),
  );
  expect(manifest.optimizer).toMatchObject({ name: 'CnnzooSgd', momentum: 0.9 });
});

test('networks with auxiliary heads have them in training', async () => {
  expect(await optionsForTraining('googlenet', undefined)).toEqual({ auxiliaryHeads: true, dropout: 0.4 });
  expect(await optionsForTraining('resnet18', undefined)).toEqual({});
});

test('a PyTorch program has the recipe’s numbers, and the batch size that was asked for', async () => {
  const path = join(folder, 'program');
  const model = createModel('cifar_resnet20');
  const { recipe, files } = await writeTorchTraining(model, 'cifar_resnet20', path, { ...options, batchSize: 32 });
  expect(recipe).toBe('resnet-cifar');
  expect(files.map(({ path: file }) => file)).toContain(join(path, 'train.py'));
  expect(readFileSync(join(path, 'recipe.py'), 'utf8')).toMatch(/^EPOCHS = 182\nBATCH_SIZE = 32$/m);
  await expect(writeTorchTraining(model, 'bn_inception', path, options)).rejects.toThrow(
    /no recipe is for bn_inception/,
  );
  model.dispose();
});
