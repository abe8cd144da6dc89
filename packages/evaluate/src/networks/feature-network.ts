/** A classifier without its head, for the vectors that the head sees. */
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { singleCrop } from '../protocols/single-crop.js';
import { type Classifier, modelOf, type Network, openNetwork } from './classifier.js';
import { softmaxOf } from './classifier-head.js';
import { inputsOf, onlyInputOf } from './graph-walk.js';

/**
 * Opens a classifier for its features.
 * @throws TypeError or RangeError naming the model where it is no classifier, or does not end in a dense layer
 */
export function openFeatureNetwork(classifier: Classifier): Network {
  const model = modelOf(classifier);
  const network = openNetwork(classifier, singleCrop());
  const features = featuresOf(model);
  const size = features.shape.at(-1);
  if (typeof size !== 'number') {
    network.dispose();
    throw new RangeError(
      `model '${model.name}': how many features it has is not known before it runs: give it an inputShape`,
    );
  }
  // Shares the layers: it is not disposed.
  const body = makeModel({ inputs: model.inputs, outputs: features, name: model.name });
  return {
    ...network,
    classes: size,
    logits: (inputs) => tf.tidy(() => body.apply(inputs, { training: false }) as tf.Tensor2D),
    accumulate: (mean, row, weight) => {
      for (let k = 0; k < mean.length; k++) mean[k] = (mean[k] ?? 0) + weight * (row[k] ?? Number.NaN);
    },
  };
}

/** What the last dense layer is given. */
function featuresOf(model: LayersModel): SymbolicTensor {
  const why = `model '${model.name}' has no features`;
  const [output] = model.outputs;
  if (output === undefined) throw new RangeError(`${why}: it has no output`);
  const logits = softmaxOf(output) === 'layer' ? onlyInputOf(output, why) : output;
  const className = logits.sourceLayer.getClassName();
  if (className !== 'Dense' && className !== 'CnnzooDense')
    throw new RangeError(
      `${why}: it ends in layer '${logits.sourceLayer.name}' (${className}), expected a dense layer, whose input are the features`,
    );
  const [features] = inputsOf(logits);
  if (features === undefined) throw new RangeError(`${why}: layer '${logits.sourceLayer.name}' has no input`);
  return features;
}
