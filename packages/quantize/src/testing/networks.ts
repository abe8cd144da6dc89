/** Networks for comparisons with onnxruntime's own quantizer: golden weights, and images that follow from their names. */
import { cifarResnet } from '@cnnzoo/resnet';
import { loadGoldenWeights, uniform } from '@cnnzoo/testing';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** The batches are of growing values, so that histograms have to grow. */
export const batches = (size: number): Float32Array[] =>
  [0.8, 1, 0.9, 1.2].map((factor, i) => uniform(`batch ${i}`, 4 * size).map((value) => factor * value));

export const networks: Readonly<Record<string, () => LayersModel>> = {
  cifar_resnet20: () => {
    const model = cifarResnet({ depth: 20 });
    loadGoldenWeights(model);
    return model;
  },
};
