import '@tensorflow/tfjs-backend-cpu';
import { connect, conv2d, dense, globalAveragePooling2d, relu } from '@cnnzoo/blocks';
import { crossEntropy } from '@cnnzoo/losses';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, model } from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { type Batch, distillation, type Loader, sgd, train, trainHint } from '../index.js';

function network(widths: readonly number[], seed: number): LayersModel {
  const x = input({ shape: [6, 6, 1] });
  const convolutions = widths.flatMap((filters, index) => [
    conv2d({ name: `conv${index}`, filters, kernelSize: 3, padding: index === 0 ? 0 : 1 }),
    relu({ name: `relu${index}` }),
  ]);
  const built = model({
    inputs: x,
    outputs: connect(x, ...convolutions, globalAveragePooling2d(), dense({ name: 'fc', units: 3 })),
  });
  let index = 0;
  for (const weight of built.weights)
    tf.tidy(() => {
      weight.write(tf.randomNormal(weight.shape.map(Number), 0, 0.5, 'float32', seed + index++));
    });
  return built;
}

/** Three batches of noise, whose labels say nothing. */
const loader: Loader = {
  batchesPerEpoch: 3,
  async *epoch() {
    for (let i = 0; i < 3; i++)
      yield {
        images: tf.randomNormal([8, 6, 6, 1], 0, 1, 'float32', i),
        labels: tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], 'int32'),
      };
  },
};

const first = async (from: Loader, epoch = 0): Promise<Batch> => {
  for await (const batch of from.epoch(epoch)) return batch;
  throw new Error('no batch');
};

test('the loss is that of FitNets: labels, and the softened teacher by its weight', async () => {
  const [teacher, student] = [network([8, 8], 1), network([4], 50)];
  const { loader: taught, loss } = distillation(teacher, loader, { temperature: 2, weight: (epoch) => 4 - epoch });
  const { images, labels } = await first(taught, 1);
  const [found, own] = tf.tidy(() => {
    const logits = student.predict(images) as tf.Tensor2D;
    return [loss(labels, logits).dataSync()[0], crossEntropy(labels, logits).dataSync()[0]] as const;
  });
  const soft = tf.tidy(() => {
    const targets = tf.softmax(tf.div(teacher.predict(images) as tf.Tensor2D, 2));
    const logs = tf.logSoftmax(tf.div(student.predict(images) as tf.Tensor2D, 2));
    return -(tf.mean(tf.sum(tf.mul(targets, logs), 1)).dataSync()[0] ?? 0);
  });
  expect(found).toBeCloseTo((own ?? 0) + 3 * soft, 5);
  // What the teacher has not seen, such as validation, has the labels' loss alone.
  const logits = tf.tensor2d([[1, 2, 3]]);
  const label = tf.tensor1d([2], 'int32');
  expect(loss(label, logits).dataSync()).toEqual(crossEntropy(label, logits).dataSync());
});

test('a student comes nearer to its teacher, in steps of several batches, too, and leaves no tensor', async () => {
  const [teacher, student] = [network([8, 8], 1), network([8, 8], 50)];
  const { images } = await first(loader);
  const distance = () =>
    tf.tidy(() => {
      const [a, b] = [teacher, student].map((each) => tf.softmax(tf.div(each.predict(images) as tf.Tensor2D, 3)));
      return tf.norm(tf.sub(a as tf.Tensor, b as tf.Tensor)).dataSync()[0] ?? 0;
    });
  const before = distance();
  const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
  const { loader: taught, loss } = distillation(teacher, loader, { weight: 20 });
  await train(student, taught, { epochs: 1, optimizer, loss, warnings: false });
  const tensors = tf.memory().numTensors;
  await train(student, taught, { epochs: 5, optimizer, loss, accumulate: 2, warnings: false });
  expect(tf.memory().numTensors).toBe(tensors);
  expect(distance()).toBeLessThan(0.7 * before);
});

test('the hint stage trains what comes before the guided layer, and nothing else', async () => {
  const [teacher, student] = [network([8, 8], 1), network([4, 4, 4], 50)];
  const values = (model: LayersModel, name: string) => [...(model.getLayer(name).getWeights()[0]?.dataSync() ?? [])];
  const before = ['conv0', 'conv1', 'conv2', 'fc'].map((name) => values(student, name));
  const teachers = values(teacher, 'conv0');
  const optimizer = sgd({ learningRate: 0.005 });
  const options = { hint: 'relu0', guided: 'relu1', optimizer };
  const tensors = tf.memory().numTensors;
  const history = await trainHint(teacher, student, loader, { ...options, epochs: 6 });
  expect(tf.memory().numTensors).toBe(tensors);
  expect(history).toHaveLength(6);
  expect(history[5]).toBeLessThan(0.8 * (history[0] ?? 0));
  const moved = ['conv0', 'conv1', 'conv2', 'fc'].map((name, i) => String(values(student, name)) !== String(before[i]));
  expect(moved).toEqual([true, true, false, false]);
  expect(values(teacher, 'conv0')).toEqual(teachers);
});

test('says what is wrong', async () => {
  const [teacher, student] = [network([8], 1), network([4], 50)];
  const optimizer = sgd({ learningRate: 0.1 });
  expect(() => distillation(teacher, loader, { temperature: 0 })).toThrow(/temperature must be/);
  await expect(
    trainHint(teacher, student, loader, { hint: 'relu9', guided: 'relu0', epochs: 1, optimizer }),
  ).rejects.toThrow("teacher has no layer 'relu9'");
  await expect(
    trainHint(teacher, student, loader, { hint: 'fc', guided: 'relu0', epochs: 1, optimizer }),
  ).rejects.toThrow(/must give a feature map/);
});
