/** How benches of int8 on CIFAR-10 begin: the words of their command line, the engine, and the images. */
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type CifarBatch, cifarBatches, trainedResnet } from './cifar-images.js';

export interface CifarBench {
  readonly archive: string;
  /** The words after WEIGHTS.th DEPTH CIFAR10.zip. */
  readonly words: readonly string[];
  /** A network of the trained weights, each time another one. */
  readonly trained: () => Promise<LayersModel>;
  /** 500 training images. */
  readonly calibration: readonly Float32Array[];
  readonly testImages: (count: number) => Promise<CifarBatch[]>;
}

/**
 * Reads WEIGHTS.th (akamaster's, of this depth), DEPTH and CIFAR10.zip, an archive of train/CLASS/NNNN.jpg and test/CLASS/NNNN.jpg.
 * @throws TypeError where one is missing
 */
export async function cifarBench(): Promise<CifarBench> {
  const [weights, depth, archive, ...words] = process.argv.slice(2);
  if (weights === undefined || archive === undefined) throw new TypeError('expected WEIGHTS.th DEPTH CIFAR10.zip');
  registerOnnxBackend();
  await tf.setBackend('onnx');
  return {
    archive,
    words,
    trained: () => trainedResnet(weights, Number(depth)),
    calibration: (await cifarBatches(archive, 'train', 500)).map(({ images }) => images),
    testImages: (count) => cifarBatches(archive, 'test', count),
  };
}
