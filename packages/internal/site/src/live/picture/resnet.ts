/** ResNet-20 with weights for CIFAR-10: what it says of a picture, and where it sees that. Loaded with the first picture. */
import { setModelMetadata } from '@cnnzoo/blocks';
import { activationOverlay, classActivationMap, predict } from '@cnnzoo/evaluate';
import { cifarResnet } from '@cnnzoo/resnet';
import { type Image, resize } from '@cnnzoo/transforms';
import { loadStateDict, readSafetensors } from '@cnnzoo/weights';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { Probability } from '../bars.js';
import { siteFile } from '../site-file.js';

const categories = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

export interface PictureClassifier {
  readonly categories: readonly string[];
  /** From the most probable class down. */
  classify(square: Image): Promise<readonly (Probability & { readonly index: number })[]>;
  /** The picture with the class activation map over it. */
  mapOf(square: Image, classIndex: number): Promise<Image>;
  /** The 32x32 pixels that the network gets. */
  seen(square: Image): Image;
}

export async function loadResnet(): Promise<PictureClassifier> {
  await tf.setBackend('cpu');
  const model = cifarResnet({ depth: 20, initialWeights: 'zeros' });
  loadStateDict(model, await readSafetensors(await siteFile('weights/cifar-resnet20.safetensors')));
  setModelMetadata(model, { categories });
  return {
    categories,
    async classify(square) {
      const [predictions = []] = await predict(model, [square], { topK: categories.length });
      return predictions;
    },
    async mapOf(square, classIndex) {
      return activationOverlay(await classActivationMap(model, square, { classIndex }), square);
    },
    seen: resize([32, 32]),
  };
}
