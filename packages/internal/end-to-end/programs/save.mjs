// Saves a network and what it says of an image.
import { writeFileSync } from 'node:fs';
import { cifarResnet } from '@cnnzoo/resnet';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

const model = cifarResnet({ depth: 20, inputShape: [16, 16, 3], seed: 1 });
await model.save(
  tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
    const logits = [...model.predict(tf.ones([1, 16, 16, 3])).dataSync()];
    const weights = Buffer.from(weightData).toString('base64');
    writeFileSync('saved.json', JSON.stringify({ modelTopology, weightSpecs, weights, logits }));
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  }),
);
console.log('saved');
