import { readFileSync } from 'node:fs';
import { lectureTable } from '@cnnzoo/testing';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { alexnetBook } from '../fixtures/alexnet.js';
import { resnet } from '../fixtures/resnet.js';
import { vgg } from '../fixtures/vgg.js';
import { formatSummary, type LayerSpec, summarize } from '../index.js';

describe("the lecture's LeNet at 224x224x3", () => {
  test('from a list of layers', () => {
    const layers: LayerSpec[] = [
      { type: 'Conv2d', outChannels: 16, kernelSize: 5 },
      { type: 'ReLU' },
      { type: 'MaxPool2d', kernelSize: 2 },
      { type: 'Conv2d', outChannels: 32, kernelSize: 5 },
      { type: 'ReLU' },
      { type: 'MaxPool2d', kernelSize: 2 },
      { type: 'Flatten' },
      { type: 'Linear', outFeatures: 512 },
      { type: 'Linear', outFeatures: 2 },
      { type: 'Softmax' },
    ];
    expect(formatSummary(summarize(layers, { inputShape: [224, 224, 3] }), { style: 'torchsummary' })).toBe(
      lectureTable,
    );
  });

  test('from a functional LayersModel', () => {
    const input = tf.input({ shape: [224, 224, 3] });
    let x = input;
    const then = (layer: { apply(x: tf.SymbolicTensor): unknown }) => {
      x = layer.apply(x) as tf.SymbolicTensor;
    };
    then(tf.layers.conv2d({ filters: 16, kernelSize: 5, kernelInitializer: 'zeros' }));
    then(tf.layers.reLU());
    then(tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }));
    then(tf.layers.conv2d({ filters: 32, kernelSize: 5, kernelInitializer: 'zeros' }));
    then(tf.layers.activation({ activation: 'relu' }));
    then(tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }));
    then(tf.layers.flatten());
    then(tf.layers.dense({ units: 512, kernelInitializer: 'zeros' }));
    then(tf.layers.dense({ units: 2, kernelInitializer: 'zeros' }));
    then(tf.layers.softmax());
    const model = tf.model({ inputs: input, outputs: x });
    expect(formatSummary(summarize(model))).toBe(lectureTable);
    model.dispose();
  });

  test('from a sequential LayersModel whose layers have activation arguments', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({
          filters: 16,
          kernelSize: 5,
          activation: 'relu',
          kernelInitializer: 'zeros',
          inputShape: [224, 224, 3],
        }),
        tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
        tf.layers.conv2d({ filters: 32, kernelSize: 5, activation: 'relu', kernelInitializer: 'zeros' }),
        tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 512, kernelInitializer: 'zeros' }),
        tf.layers.dense({ units: 2, activation: 'softmax', kernelInitializer: 'zeros' }),
      ],
    });
    expect(formatSummary(summarize(model))).toBe(lectureTable);
    model.dispose();
  });
});

test("the lecture's AlexNet at 256x256x3", () => {
  expect(formatSummary(summarize(alexnetBook, { inputShape: [256, 256, 3] }))).toMatch(
    `\
----------------------------------------------------------------
        Layer (type)               Output Shape         Param #
================================================================
            Conv2d-1           [-1, 64, 63, 63]          23,296
              ReLU-2           [-1, 64, 63, 63]               0
         MaxPool2d-3           [-1, 64, 31, 31]               0
            Conv2d-4          [-1, 192, 31, 31]         307,392
              ReLU-5          [-1, 192, 31, 31]               0
         MaxPool2d-6          [-1, 192, 15, 15]               0
            Conv2d-7          [-1, 384, 15, 15]         663,936
              ReLU-8          [-1, 384, 15, 15]               0
            Conv2d-9          [-1, 256, 15, 15]         884,992
             ReLU-10          [-1, 256, 15, 15]               0
           Conv2d-11          [-1, 256, 15, 15]         590,080
             ReLU-12          [-1, 256, 15, 15]               0
        MaxPool2d-13            [-1, 256, 7, 7]               0
AdaptiveAvgPool2d-14            [-1, 256, 6, 6]               0
          Dropout-15                 [-1, 9216]               0
           Linear-16                 [-1, 4096]      37,752,832
             ReLU-17                 [-1, 4096]               0
          Dropout-18                 [-1, 4096]               0
           Linear-19                  [-1, 512]       2,097,664
             ReLU-20                  [-1, 512]               0
           Linear-21                    [-1, 2]           1,026
================================================================
Total params: 42,321,218
Trainable params: 42,321,218
Non-trainable params: 0
`,
  );
});

describe('the tables that torchsummary 1.5.1 prints of torchvision', () => {
  const printed = (name: string) =>
    readFileSync(new URL(`../fixtures/torchsummary-${name}.txt`, import.meta.url), 'utf8').trimEnd();

  test('vgg16_bn', () => {
    expect(formatSummary(summarize(vgg('vgg16', true), { inputShape: [224, 224, 3] }))).toBe(printed('vgg16-bn'));
  });

  test.each([
    ['resnet18', 'BasicBlock'],
    ['resnet50', 'Bottleneck'],
  ] as const)('%s, with a row for each %s', (name, block) => {
    const moduleType = (path: string) => (/^layer\d\.\d+$/.test(path) ? block : undefined);
    const summary = summarize(resnet(name), { inputShape: [224, 224, 3] });
    expect(formatSummary(summary, { style: 'torchsummary', moduleType })).toBe(printed(name));
  });

  test('a batch of four through frozen and transposed convolutions', () => {
    const layers: LayerSpec[] = [
      { type: 'Conv2d', outChannels: 8, kernelSize: 3, stride: 2, padding: 1, trainable: false },
      { type: 'BatchNorm2d' },
      { type: 'ReLU' },
      { type: 'ConvTranspose2d', outChannels: 4, kernelSize: 4, stride: 2, padding: 1 },
      { type: 'AdaptiveAvgPool2d', outputSize: 2 },
      { type: 'Flatten' },
      { type: 'Linear', outFeatures: 3 },
    ];
    const summary = summarize(layers, { inputShape: [17, 17, 3], batchSize: 4 });
    expect(formatSummary(summary)).toBe(printed('frozen-batch-of-4'));
  });

  test('half a hundredth is rounded to the even digit, as Python does', () => {
    // 32,768 numbers of four bytes are 0.125 MB; JavaScript's toFixed says 0.13.
    expect(formatSummary(summarize([{ type: 'ReLU' }], { inputShape: [128, 256, 1] }))).toMatch(
      /Input size \(MB\): 0\.12$/m,
    );
    expect(formatSummary(summarize([{ type: 'ReLU' }], { inputShape: [384, 256, 1] }))).toMatch(
      /Input size \(MB\): 0\.38$/m,
    );
  });
});
