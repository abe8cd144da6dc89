import { checkOptions, layersModel, type OptionRules, optional, shown } from '@cnnzoo/checks';
import { checkPreprocessing, type Preprocessing, preprocessingRule, readMetadata } from '@cnnzoo/metadata';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, model as makeModel } from '@tensorflow/tfjs-layers';
import { type InputFormat, type Protocol, protocolRule } from '../protocols/protocol.js';
import { softmaxOf } from './classifier-head.js';
import { toFullyConvolutional } from './fully-convolutional.js';
import { onlyInputOf } from './graph-walk.js';
import { outputShapeFor } from './output-shape.js';

/** A model, or a model with what its metadata does not say or this evaluation does otherwise. */
export type Classifier =
  | LayersModel
  | {
      readonly model: LayersModel;
      /** Default: the one in the model's metadata. */
      readonly preprocessing?: Preprocessing;
      /** Default: the evaluation's. VGG's table 6 combines networks at different scales. */
      readonly protocol?: Protocol;
    };

/** A classifier ready to run. */
export interface Network {
  readonly name: string;
  readonly classes: number;
  readonly categories: readonly string[] | null;
  readonly protocol: Protocol;
  readonly format: InputFormat;
  /** Float images [count, height, width, channels] to logits [count, classes], densely or not. */
  logits(inputs: tf.Tensor4D, dense: boolean): tf.Tensor2D;
  /** Adds what one input gave, times its weight, to the mean of an image. */
  accumulate(mean: Float64Array, row: Float32Array, weight: number): void;
  /** Frees what was made for dense evaluation. The model stays. */
  dispose(): void;
}

/**
 * Reads what can be known of a classifier and checks it against its protocol.
 * @throws TypeError or RangeError naming the model where it is no classifier or the protocol does not fit
 */
export function openNetwork(classifier: Classifier, fallback: Protocol): Network {
  const model = modelOf(classifier);
  const given = withOptions(classifier);
  const { protocol = fallback } = given;
  const [output] = model.outputs;
  const [input] = model.inputs;
  const classes = output?.shape.at(-1);
  if (output === undefined || output.shape.length !== 2 || typeof classes !== 'number' || classes < 2)
    throw new RangeError(
      `model '${model.name}' gives ${JSON.stringify(output?.shape)}, expected [batch, classes] with at least 2 classes`,
    );
  if (input?.shape.length !== 4 || model.inputs.length > 1)
    throw new RangeError(
      `model '${model.name}' takes ${model.inputs.length} inputs, the first ${JSON.stringify(input?.shape)}, expected one of [batch, height, width, channels]`,
    );
  const metadata = readMetadata(model);
  const preprocessing = given.preprocessing ?? metadata.preprocessing ?? null;
  const [, height, width, channels = null] = input.shape;
  if (preprocessing !== null) checkPreprocessing(`model '${model.name}': preprocessing`, preprocessing, channels);

  let convolutional: LayersModel | null = null;
  const asConvolutional = () => {
    convolutional ??= toFullyConvolutional(model);
    return convolutional;
  };
  const format: InputFormat = {
    model: model.name,
    crop: [height ?? preprocessing?.cropSize ?? 0, width ?? preprocessing?.cropSize ?? 0],
    channels,
    preprocessing,
    classMapSize: (rows, columns) => {
      const { inputs, outputs } = asConvolutional();
      if (inputs[0] === undefined || outputs[0] === undefined) throw new RangeError(`model '${model.name}' is empty`);
      const [, mapRows, mapColumns] = outputShapeFor(inputs[0], outputs[0], [rows, columns]);
      return [Number(mapRows), Number(mapColumns)];
    },
  };
  const dispose = () => {
    convolutional?.dispose();
    convolutional = null;
  };
  try {
    protocol.check?.(format);
  } catch (error) {
    dispose();
    throw error;
  }

  const softmax = softmaxOf(output);
  const logitsOutput = softmax === 'layer' ? onlyInputOf(output, `model '${model.name}'`) : output;
  // Auxiliary heads are left out. Shares the layers: it is not disposed.
  const plain =
    model.outputs.length === 1 && logitsOutput === output
      ? model
      : makeModel({ inputs: input, outputs: logitsOutput, name: model.name });
  return {
    name: model.name,
    classes,
    categories: metadata.categories?.length === classes ? metadata.categories : null,
    protocol,
    format,
    logits: (inputs, dense) =>
      tf.tidy(() => {
        if (dense) return tf.mean(asConvolutional().apply(inputs, { training: false }) as tf.Tensor4D, [1, 2]);
        const result = plain.apply(inputs, { training: false }) as tf.Tensor2D;
        return softmax === 'activation' ? tf.log(result) : result;
      }),
    accumulate: addSoftmax,
    dispose,
  };
}

/** In float64, so that no class gets a probability of exactly 0 whose logarithm nobody can use. */
function addSoftmax(mean: Float64Array, logits: Float32Array, weight: number): void {
  let largest = Number.NEGATIVE_INFINITY;
  // Math.max, so that one NaN makes all of them NaN.
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  for (let k = 0; k < mean.length; k++)
    mean[k] = (mean[k] ?? 0) + (weight * Math.exp((logits[k] ?? Number.NaN) - largest)) / sum;
}

const classifierRules: OptionRules<Exclude<Classifier, LayersModel>> = {
  model: layersModel<LayersModel>(),
  preprocessing: optional(preprocessingRule),
  protocol: optional(protocolRule),
};

/** @throws TypeError or RangeError where it is no model, nor one with options */
export function modelOf(classifier: Classifier): LayersModel {
  const given = withOptions(classifier);
  if (typeof given !== 'object' || given === null || !('model' in given))
    throw new TypeError(`model must be a tf.LayersModel, or { model } with one, got ${shown(classifier)}`);
  return checkOptions('model', given, classifierRules).model;
}

/** A classifier with its options, whichever way it was given. A Sequential has a property `model`, too. */
function withOptions(classifier: Classifier): Exclude<Classifier, LayersModel> {
  return classifier !== null && typeof classifier === 'object' && 'predict' in classifier
    ? { model: classifier }
    : classifier;
}

/** The names of their protocols, each once. */
export function protocolsOf(networks: readonly Network[]): string {
  return [...new Set(networks.map(({ protocol }) => protocol.name))].join(', ');
}

/** One or several as a list. */
export function classifiersOf(classifiers: Classifier | readonly Classifier[]): readonly Classifier[] {
  return Array.isArray(classifiers) ? (classifiers as readonly Classifier[]) : [classifiers as Classifier];
}

/**
 * Opens several classifiers.
 * @throws RangeError where there is none, or their numbers of classes differ
 */
export function openNetworks(classifiers: Classifier | readonly Classifier[], protocol: Protocol): Network[] {
  const list = classifiersOf(classifiers);
  if (list.length === 0) throw new RangeError('models must be at least one, got none');
  const opened: Network[] = [];
  try {
    for (const each of list) opened.push(openNetwork(each, protocol));
    const [first] = opened;
    const other = opened.find(({ classes }) => classes !== first?.classes);
    if (other !== undefined)
      throw new RangeError(
        `models must have the same classes: '${first?.name}' has ${first?.classes}, '${other.name}' has ${other.classes}`,
      );
    return opened;
  } catch (error) {
    for (const network of opened) network.dispose();
    throw error;
  }
}
