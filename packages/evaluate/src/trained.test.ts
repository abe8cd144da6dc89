/** With trained weights and real images, from a path to an answer. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { setModelMetadata } from '@cnnzoo/blocks';
import { imageFolder, readImage, subset } from '@cnnzoo/data';
import { lenet5 } from '@cnnzoo/lenet';
import { cifarResnet } from '@cnnzoo/resnet';
import { sharedFile } from '@cnnzoo/testing';
import { loadPretrained } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import golden from './fixtures/resnet20-protocols.json' with { type: 'json' };
import {
  classActivationMap,
  denseEvaluation,
  evaluate,
  gradCam,
  multiScale,
  predict,
  singleCrop,
  tenCrop,
} from './index.js';

const weights = sharedFile('data/cifar-resnets/resnet20-12fca82f.th');
const folder = sharedFile('data/images');
const archive = sharedFile('data/cifar10-jpeg.zip');
const categories = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

/** Class and probability of the largest, by file and protocol. */
const expected = new Map(Object.entries(golden.images));

let model: LayersModel;
beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  model = cifarResnet({ depth: 20 });
  if (weights !== null) await loadPretrained(model, weights);
});
let tensors = 0;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

describe.skipIf(weights === null || folder === null)('ResNet-20 on CIFAR-10’s own images', () => {
  const files = readdirSync(folder ?? '.').filter((name) => name.startsWith('cifar10_'));
  const paths = files.map((name) => join(folder ?? '', name));
  const label = (path: string) => Number(/_(\d+)\.png$/.exec(basename(path))?.[1]);

  test('a path is enough, and gives category and probability', async () => {
    const [path = ''] = paths;
    expect(await predict(model, path)).toMatchObject([{ index: 3, category: '3' }, {}, {}, {}, {}]);
    setModelMetadata(model, { categories });
    const [best] = await predict(model, path);
    expect(best).toMatchObject({ index: 3, category: 'cat', probability: expect.closeTo(1, 2) });
    const [fromPixels] = await predict(model, await readImage(path));
    expect(fromPixels).toEqual(best);
  });

  test('all 20 are right with a single crop; ten crop and dense answer as PyTorch does, mistakes included', async () => {
    const protocols = [singleCrop(), tenCrop({ scale: 34 }), multiScale(denseEvaluation, [32, 36])];
    for (const [column, protocol] of protocols.entries()) {
      const guesses = await predict(model, paths, { topK: 1, protocol });
      const right = guesses.filter(([best], i) => best?.index === label(paths[i] ?? '')).length;
      console.log(`${protocol.name}: ${right} of ${paths.length} right`);
      if (column === 0) expect(right).toBe(20);
      for (const [i, [best]] of guesses.entries()) {
        const [index, probability] = expected.get(files[i] ?? '')?.[column] ?? [];
        expect(best?.index, `${files[i]}, ${protocol.name}`).toBe(index);
        expect(Math.abs((best?.probability ?? 0) - (probability ?? 1)), `${files[i]}, ${protocol.name}`).toBeLessThan(
          1e-4,
        );
      }
    }
  });

  test('Grad-CAM of the last feature map equals CAM but for the gradient’s 1/64 and ReLU', async () => {
    for (const path of paths.slice(0, 3)) {
      const [grad, cam] = [await gradCam(model, path), await classActivationMap(model, path)];
      expect(grad).toMatchObject({ index: label(path), size: [8, 8], layer: 'layer3.2.relu_1' });
      expect(cam).toMatchObject({ index: grad.index, size: [8, 8], layer: grad.layer });
      for (const [i, value] of cam.values.entries()) expect(grad.values[i]).toBeCloseTo(Math.max(0, value) / 64, 4);
      expect(grad.overlay).toMatchObject({ width: 32, height: 32, channels: 3 });
      expect(grad.overlay.data).toBeInstanceOf(Uint8Array);
    }
  });

  test('another class looks elsewhere, another layer has another map', async () => {
    const [path = ''] = paths;
    const [cat, dog] = [await gradCam(model, path), await gradCam(model, path, { classIndex: 5 })];
    expect(dog).toMatchObject({ index: 5, category: 'dog' });
    expect(dog.values).not.toEqual(cat.values);
    expect(await gradCam(model, path, { layer: 'layer2' })).toMatchObject({ size: [16, 16], layer: 'layer2.2.relu_1' });
    await expect(gradCam(model, path, { layer: 'fc' })).rejects.toThrow("such as 'layer3.2.relu_1'");
    await expect(gradCam(model, path, { classIndex: 10 })).rejects.toThrow('classIndex must be an integer from 0 to 9');
    await expect(predict(model, join(path, 'missing.png'))).rejects.toThrow('missing.png: cannot be read');
  });

  test.skipIf(archive === null)('a sample of the test images, which are lossy', async () => {
    const all = await imageFolder(archive ?? '', { root: 'test' });
    const some = subset(
      all,
      Array.from({ length: 500 }, (_, i) => i * 20),
    );
    const report = await evaluate(model, some);
    console.log(`top-1 of 500 lossy test images: ${(100 * report.top1).toFixed(1)} %`);
    expect(report.top1).toBeGreaterThan(0.78);
    const reordered = { ...some, categories: [...all.categories].reverse() };
    await expect(evaluate(model, reordered)).rejects.toThrow(
      "dataset has the classes of model 'cifar_resnet20' in another order: 0 is 'truck', the model's is 'airplane'",
    );
  });
});

test('CAM is for networks that end in global average pooling, Grad-CAM for all', async () => {
  const lenet = lenet5({ seed: 1 });
  const image = { data: new Uint8Array(28 * 28).fill(200), width: 28, height: 28, channels: 1 };
  await expect(classActivationMap(lenet, image)).rejects.toThrow('does not end in global average pooling');
  expect(await gradCam(lenet, image)).toMatchObject({
    size: [10, 10],
    overlay: { width: 32, height: 32, channels: 3 },
  });
  lenet.dispose();
});
