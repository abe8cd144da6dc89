// Loads what save.mjs has saved with an earlier version, and builds the same network again.
import { readFileSync } from 'node:fs';
import '@cnnzoo/blocks/register';
import { cifarResnet } from '@cnnzoo/resnet';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

const { modelTopology, weightSpecs, weights, logits } = JSON.parse(readFileSync('saved.json', 'utf8'));
const { buffer, byteOffset, byteLength } = Buffer.from(weights, 'base64');
const weightData = buffer.slice(byteOffset, byteOffset + byteLength);
const loaded = await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
for (const model of [loaded, cifarResnet({ depth: 20, inputShape: [16, 16, 3], seed: 1 })]) {
  const now = [...model.predict(tf.ones([1, 16, 16, 3])).dataSync()];
  console.log(now.every((logit, i) => Math.abs(logit - logits[i]) < 1e-4) ? 'the same logits' : `${now} was ${logits}`);
}
