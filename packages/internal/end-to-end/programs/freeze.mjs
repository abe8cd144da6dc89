/** Freezes a model in a worker thread, which is found inside of the installed package, and ends by itself. */
import { freeze } from '@cnnzoo/backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';

const model = layers.sequential();
model.add(layers.layers.conv2d({ inputShape: [4, 4, 1], filters: 1, kernelSize: 3, kernelInitializer: 'ones' }));
model.add(layers.layers.flatten());
const frozen = freeze(model, { worker: true });
const images = tf.ones([1, 4, 4, 1]);
const result = await frozen.predict(images);
console.log(JSON.stringify([...result.dataSync()]));
console.log(JSON.stringify([...(await frozen.run(new Float32Array(16).fill(2)))]));
await frozen.dispose();
console.log('disposed');
