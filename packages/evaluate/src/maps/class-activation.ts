import { checkOptions, integer, optional, string } from '@cnnzoo/checks';
import { readMetadata } from '@cnnzoo/metadata';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Classifier, modelOf, openNetwork } from '../networks/classifier.js';
import { classifierHead, lastFeatureMap, softmaxOf } from '../networks/classifier-head.js';
import { onlyInputOf, walkGraph } from '../networks/graph-walk.js';
import type { ImageInput } from '../predict.js';
import { inputsOfImage } from '../protocols/protocol.js';
import { singleCrop } from '../protocols/single-crop.js';
import { readImageInput } from '../read-image-input.js';
import { type ClassActivationMap, overlayOf } from './heat-map.js';

/** The options of `classActivationMap`. */
export interface ClassActivationOptions {
  /** The class to look for. Default: the one with the largest probability. */
  readonly classIndex?: number;
}

/** The options of `gradCam`. */
export interface GradCamOptions extends ClassActivationOptions {
  /** The layer whose feature map is weighed. Default: the last one before pooling or flatten. */
  readonly layer?: string;
}

/**
 * Grad-CAM: where in the image the network sees a class, for any network (Selvaraju et al. 2017, equations 1 and 2):
 * L = ReLU(sum over channels k of a_k A_k), where a_k is the mean over space of the gradient of the class's logit by feature map A_k
 * (of its probability, where softmax is part of the last dense layer).
 * @param classifier one model, or `{ model, preprocessing }`
 * @param image pixels or a path; the network's single crop of it is looked at
 * @returns the map, and an overlay image: `toPng(overlay)` makes a file of it
 * @throws RangeError or TypeError naming the option or what does not fit
 * @example
 * import { gradCam, toPng } from '@cnnzoo/evaluate';
 * const { category, overlay } = await gradCam(model, 'cat.jpg');
 * const png = await toPng(overlay);
 */
export async function gradCam(
  classifier: Classifier,
  image: ImageInput,
  options: GradCamOptions = {},
): Promise<ClassActivationMap> {
  const { classIndex, layer } = checkOptions<GradCamOptions>('gradCam', options, {
    classIndex: optional(integer(0)),
    layer: optional(string('the name of a layer')),
  });
  const model = modelOf(classifier);
  const output = logitsOf(model);
  const features = layer === undefined ? lastFeatureMap(output) : featureMapOf(model, layer);
  if (features === null) throw new RangeError(`model '${model.name}' has no feature maps`);
  return activationMap(classifier, image, classIndex, features, (map, index, input) => {
    const logit = (x: tf.Tensor) =>
      tf.gather(tf.reshape(run(model, output, [[features, x], ...input]), [-1]), tf.scalar(index, 'int32'));
    const gradient = tf.grad((x) => tf.sum(logit(x)))(map);
    const weights = tf.mean(gradient, [1, 2], true);
    return tf.relu(tf.sum(tf.mul(weights, map), -1));
  });
}

/**
 * CAM, the class activation map of networks that end in global average pooling and one dense layer: ResNet, GoogLeNet, Inception (Zhou et
 * al. 2016, equation 2): M_c = sum over channels k of w_kc A_k. For other networks there is `gradCam`.
 * @param classifier one model, or `{ model, preprocessing }`
 * @param image pixels or a path; the network's single crop of it is looked at
 * @returns the map, and an overlay image
 * @throws RangeError where the network does not end so; RangeError or TypeError naming what else does not fit
 * @example
 * import { classActivationMap, toPng } from '@cnnzoo/evaluate';
 * const { overlay } = await classActivationMap(model, 'cat.jpg', { classIndex: 281 });
 * const png = await toPng(overlay);
 */
export async function classActivationMap(
  classifier: Classifier,
  image: ImageInput,
  options: ClassActivationOptions = {},
): Promise<ClassActivationMap> {
  const { classIndex } = checkOptions<ClassActivationOptions>('classActivationMap', options, {
    classIndex: optional(integer(0)),
  });
  const model = modelOf(classifier);
  const { features, pooling, layers } = classifierHead(model);
  const [dense, ...others] = layers;
  if (pooling?.kind !== 'average' || dense?.kind !== 'dense' || others.length > 0)
    throw new RangeError(
      `model '${model.name}' does not end in global average pooling and one dense layer: gradCam works for any network`,
    );
  return activationMap(classifier, image, classIndex, features, (map, index) => {
    const [kernel] = dense.layer.getWeights();
    if (kernel === undefined) throw new RangeError(`layer '${dense.layer.name}' has no weights`);
    const weights = tf.reshape(tf.gather(kernel, tf.tensor1d([index], 'int32'), 1), [1, 1, 1, -1]);
    return tf.sum(tf.mul(weights, map), -1);
  });
}

type Known = readonly (readonly [SymbolicTensor, tf.Tensor])[];

async function activationMap(
  classifier: Classifier,
  input: ImageInput,
  classIndex: number | undefined,
  features: SymbolicTensor,
  mapOf: (features: tf.Tensor4D, index: number, input: Known) => tf.Tensor,
): Promise<ClassActivationMap> {
  const model = modelOf(classifier);
  const [source] = model.inputs;
  const network = openNetwork(classifier, singleCrop());
  const { classes, format, protocol, categories } = network;
  if (classIndex !== undefined && !(Number.isInteger(classIndex) && classIndex >= 0 && classIndex < classes))
    throw new RangeError(`classIndex must be an integer from 0 to ${classes - 1}, got ${classIndex}`);
  const [view] = inputsOfImage(protocol, await readImageInput(input, format.channels), format);
  if (view === undefined || source === undefined) throw new RangeError(`protocol '${protocol.name}' gives no input`);
  const { data, width, height, channels } = view.input;
  const tensors: tf.Tensor[] = [];
  const held = <T extends tf.Tensor>(tensor: T): T => {
    tensors.push(tensor);
    return tensor;
  };
  try {
    const input = held(tf.tensor4d(Float32Array.from(data), [1, height, width, channels]));
    const probabilities = held(tf.tidy(() => tf.softmax(network.logits(input, false))));
    const values = await probabilities.data();
    const index = classIndex ?? values.indexOf(Math.max(...values));
    const map = held(
      tf.tidy(() => {
        const known: Known = [[source, input]];
        return mapOf(run(model, features, known) as tf.Tensor4D, index, known);
      }),
    );
    const mapValues = Float32Array.from(await map.data());
    const [, rows = 1, columns = 1] = map.shape;
    const size = [rows, columns] as const;
    return {
      index,
      category: categories?.[index] ?? String(index),
      probability: values[index] ?? 0,
      layer: features.sourceLayer.name,
      size,
      values: mapValues,
      overlay: overlayOf(
        view.input,
        mapValues,
        size,
        format.preprocessing ?? readMetadata(model).preprocessing ?? null,
      ),
    };
  } finally {
    tf.dispose(tensors);
    network.dispose();
  }
}

/** Computes a tensor of a model from others. Inside of `tf.tidy`. */
function run(model: LayersModel, output: SymbolicTensor, known: Known): tf.Tensor {
  return walkGraph<tf.Tensor>(
    output,
    new Map(known.map(([{ id }, value]) => [id, value])),
    (layer, inputs, options) => {
      const [first, ...others] = inputs;
      if (first === undefined) throw new RangeError(`layer '${layer.name}' of model '${model.name}' has no input`);
      const result = layer.apply(others.length === 0 ? first : inputs, { ...options, training: false });
      return (Array.isArray(result) ? result : [result]) as tf.Tensor[];
    },
  );
}

/** The output before softmax, or, where it is part of the last layer, the probabilities. */
function logitsOf(model: LayersModel): SymbolicTensor {
  const [output] = model.outputs;
  if (output === undefined) throw new RangeError(`model '${model.name}' has no output`);
  return softmaxOf(output) === 'layer' ? onlyInputOf(output, `model '${model.name}'`) : output;
}

// Repeated in @cnnzoo/blocks: its features() is a model, and what it asks of an output is another thing.
function featureMapOf(model: LayersModel, name: string): SymbolicTensor {
  const layer =
    model.layers.find((each) => each.name === name) ??
    model.layers.findLast((each) => each.name.startsWith(`${name}.`));
  const output = layer?.inboundNodes[0]?.outputTensors[0];
  if (output?.shape.length === 4) return output;
  throw new RangeError(
    `layer is '${name}', expected a layer of model '${model.name}' with a feature map, such as '${lastFeatureMap(logitsOf(model))?.sourceLayer.name}'`,
  );
}
