/** LeNet-5 as the demo has trained it, and what each of its layers makes of a digit. Loaded when the first stroke is drawn. */
import { features } from '@cnnzoo/blocks';
import { lenet5 } from '@cnnzoo/lenet';
import { evaluationTransform, type Image } from '@cnnzoo/transforms';
import { loadStateDict, readSafetensors } from '@cnnzoo/weights';
// A network this small is done on the processor before a graphics card has answered.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { siteFile } from '../site-file.js';
import { layers } from './layers.js';

export interface Seen {
  /** What each layer puts out, HWC or a vector. */
  readonly outputs: readonly Float32Array[];
  /** Of the ten digits. */
  readonly probabilities: Float32Array;
}

/** Loads the network. The function that it returns looks at a digit of 28x28 bytes. */
export async function loadLenet(): Promise<(digit: Image) => Seen> {
  await tf.setBackend('cpu');
  const model = lenet5({ initialWeights: 'zeros' });
  loadStateDict(model, await readSafetensors(await siteFile('weights/lenet5.safetensors')));
  const network = features(
    model,
    layers.map(({ module }) => module),
  );
  const prepare = evaluationTransform('mnist');
  return (digit) =>
    tf.tidy(() => {
      const { data, width, height } = prepare(digit);
      const outputs = network.predict(tf.tensor4d(Float32Array.from(data), [1, height, width, 1])) as tf.Tensor[];
      const logits = outputs.at(-1);
      if (logits === undefined) throw new Error('the network has no output');
      return {
        outputs: outputs.map((output) => output.dataSync<'float32'>()),
        probabilities: tf.softmax(logits).dataSync<'float32'>(),
      };
    });
}
