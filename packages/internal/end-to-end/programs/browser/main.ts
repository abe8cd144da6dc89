/** An app in a browser: predicts, trains and prepares images on the backend that the test names, and hands over what came out. */
import { lenet5 } from '@cnnzoo/lenet';
import { resnet18 } from '@cnnzoo/resnet';
import { sgd, train } from '@cnnzoo/train';
import {
  adjustHue,
  centerCrop,
  compose,
  equalize,
  gaussianBlur,
  horizontalFlip,
  type Image,
  resize,
  rotate,
} from '@cnnzoo/transforms';
import { loadStateDict, type StateDict, stateDict } from '@cnnzoo/weights';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';
import { crc32, goldenWeight, uniform } from './golden.js';

/** torchvision's logits of resnet18_logits.py. */
async function predict(): Promise<number[]> {
  const model = resnet18({ numClasses: 10, inputShape: [32, 32, 3], initialWeights: 'zeros' });
  const golden: StateDict = new Map();
  for (const [key, { shape }] of stateDict(model))
    golden.set(key, { shape, dtype: 'F32', data: goldenWeight(key, shape) });
  loadStateDict(model, golden);
  const image = tf.transpose(tf.tensor4d(uniform('input', 3 * 32 * 32), [1, 3, 32, 32]), [0, 2, 3, 1]);
  return [...(await (model.predict(image) as tf.Tensor).data())];
}

/** The losses of 20 steps on the same 16 images. */
async function trainLenet(): Promise<number[]> {
  const batch = () => ({
    images: tf.tensor4d(uniform('images', 16 * 32 * 32), [16, 32, 32, 1]),
    labels: tf.mod(tf.range(0, 16, 1, 'int32'), tf.scalar(10, 'int32')) as tf.Tensor1D,
  });
  const loader = {
    batchesPerEpoch: 20,
    async *epoch() {
      for (let step = 0; step < 20; step++) yield tf.tidy(batch);
    },
  };
  const losses: number[] = [];
  await train(lenet5({ seed: 1 }), loader, {
    epochs: 1,
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
    onEvent: (event) => {
      if (event.type === 'step') losses.push(event.loss);
    },
  });
  return losses;
}

async function fetchImage(url: string): Promise<Image> {
  const bitmap = await createImageBitmap(await (await fetch(url)).blob());
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no 2d context');
  context.drawImage(bitmap, 0, 0);
  const { data: rgba, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const data = rgba.filter((_, i) => i % 4 !== 3);
  return { data, width, height, channels: 3 };
}

/** CRC-32 of the pixels after each transform, by the transform. */
async function transform(): Promise<Record<string, number>> {
  const photo = await fetchImage('./photo.png');
  const pixels = (image: Image) => crc32(image.data);
  return {
    'resize 256 bilinear': pixels(resize(256, { interpolation: 'bilinear' })(photo)),
    'resize 224 bicubic': pixels(resize(224, { interpolation: 'bicubic' })(photo)),
    'resize 50 nearest': pixels(resize(50, { interpolation: 'nearest' })(photo)),
    'horizontal flip': pixels(horizontalFlip()(photo)),
    'hue -0.3': pixels(adjustHue(-0.3)(photo)),
    'rotate 15 bilinear': pixels(rotate(15, { interpolation: 'bilinear' })(photo)),
    equalize: pixels(equalize()(photo)),
    'Gaussian blur 5 1.2': pixels(gaussianBlur(5, 1.2)(photo)),
    'two in a row': pixels(compose([resize(64), centerCrop(56)])(photo)),
  };
}

async function setBackend(name: string): Promise<void> {
  if (name === 'wasm') setWasmPaths('./');
  if (!(await tf.setBackend(name))) throw new Error(`the backend ${name} does not start`);
  await tf.ready();
}

Object.assign(window, {
  cnnzoo: { setBackend, predict, train: trainLenet, transform, getBackend: () => tf.getBackend() },
});
