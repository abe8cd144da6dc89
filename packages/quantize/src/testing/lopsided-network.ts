/** A network of which one layer loses its answers with integers: the weights of one input channel are large, and that one is small or always 0. */
import { uniform } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';

const [count, channels, classes] = [80, 6, 4];

/**
 * @param largest of the weights of one input channel; of the others it is 0.3
 * @param smallest of the weights that make this channel; of the others it is 0.5
 * @returns the network, images, and as the class of each what the network says in float
 */
export function lopsidedNetwork(
  largest = 100,
  smallest = 0,
): { model: LayersModel; images: Float32Array; labels: number[] } {
  const model = sequential({
    layers: [
      layers.conv2d({ inputShape: [8, 8, 3], filters: channels, kernelSize: 3, activation: 'relu', name: 'good' }),
      layers.conv2d({ filters: channels, kernelSize: 3, name: 'lopsided' }),
      layers.conv2d({ filters: classes, kernelSize: 1, name: 'scores' }),
      layers.globalAveragePooling2d({ dataFormat: 'channelsLast', name: 'pool' }),
    ],
  });
  const values = (name: string, shape: number[], factor: (index: number) => number) =>
    tf.tensor(
      uniform(name, tf.util.sizeFromShape(shape)).map((value, i) => value * factor(i)),
      shape,
    );
  const weights = [
    values('good', [3, 3, 3, channels], (i) => (i % channels === 0 ? smallest : 0.5)),
    tf.zeros([channels]),
    values('lopsided', [3, 3, channels, channels], (i) => (Math.floor(i / channels) % channels === 0 ? largest : 0.3)),
    tf.zeros([channels]),
    values('scores', [1, 1, channels, classes], () => 1),
    tf.zeros([classes]),
  ];
  model.setWeights(weights);
  // Each in a colour of its own, so that there are several answers.
  const images = uniform('lopsided images', count * 8 * 8 * 3).map(
    (value, i) => 0.3 * value + Math.sin(Math.floor(i / 192) * (1 + (i % 3))),
  );
  const scores = model.predict(tf.tensor4d(images, [count, 8, 8, 3])) as tf.Tensor;
  const answers = tf.argMax(scores, 1);
  const labels = [...answers.dataSync<'int32'>()];
  tf.dispose([weights, scores, answers]);
  return { model, images, labels };
}
