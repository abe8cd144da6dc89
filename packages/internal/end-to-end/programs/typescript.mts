import {
  basicBlock,
  batchNorm,
  type Conv2dOptions,
  connect,
  conv2d,
  dense,
  globalAveragePooling2d,
  relu,
  withInitialWeights,
} from '@cnnzoo/blocks';
import { crossEntropy } from '@cnnzoo/losses';
import { cifarResnet } from '@cnnzoo/resnet';
import { convOutputSize, type ModelSummary, summarize } from '@cnnzoo/shape';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';

const resnet: layers.LayersModel = cifarResnet({ depth: 20, inputShape: [16, 16, 3], seed: 1 });
const summary: ModelSummary = summarize(resnet);
console.log(`resnet: ${resnet.countParams()} parameters, ${summary.params} in its summary`);
// @ts-expect-error: the paper has no network of 21 layers with a name like this.
const refused = () => cifarResnet({ depth: 'twenty' });

const convolution: Conv2dOptions = { name: 'conv1', filters: 8, kernelSize: 3, padding: 1, useBias: false };
const own: layers.LayersModel = withInitialWeights({ seed: 2 }, () => {
  const image = layers.input({ shape: [16, 16, 3] });
  const x = connect(image, conv2d(convolution), batchNorm({ name: 'bn1' }), relu({ name: 'relu' }));
  const y = basicBlock(x, { name: 'layer1', filters: 16, stride: 2 });
  return layers.model({
    inputs: image,
    outputs: connect(y, globalAveragePooling2d(), dense({ name: 'fc', units: 4 })),
  });
});
console.log(`blocks: ${own.countParams()} parameters`);
const size: number = convOutputSize({ inputSize: 224, kernelSize: 7, stride: 2, padding: 3 });
console.log(`shape: ${size}`);

const optimizer = tf.train.momentum(0.05, 0.9);
const images = tf.randomNormal([4, 16, 16, 3], 0, 1, 'float32', 3);
const labels = tf.tensor1d([0, 1, 2, 3], 'int32');
for (let step = 0; step < 2; step++) {
  const loss = optimizer.minimize(
    () => crossEntropy(labels, own.apply(images, { training: true }) as tf.Tensor2D),
    true,
  );
  console.log(`loss of step ${step}: ${loss?.dataSync()[0]?.toFixed(4)}`);
}

export { refused };
