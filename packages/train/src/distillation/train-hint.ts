/** The first stage of FitNets: Romero et al. (2014), section 2.2. */
import { check, checkOptions, integer, layersModel, optional, string } from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  type LayersModel,
  layers,
  model as makeModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { trainableVariables } from '../loop/backward.js';
import { type Loader, loaderRule } from '../loop/batch.js';
import { variableGradients } from '../loop/gradients.js';
import { optimizerRule, type StatefulOptimizer } from '../optimizers/optimizer.js';

/** The options of `trainHint`. */
export interface HintOptions {
  /** The teacher's layer whose output is the hint. */
  readonly hint: string;
  /** The student's layer that learns to give it. */
  readonly guided: string;
  readonly epochs: number;
  /** One of this package's. */
  readonly optimizer: StatefulOptimizer;
  /** Decides the regressor's initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * The hint stage of FitNets: trains a student up to its guided layer to give what a teacher's hint layer gives, through a convolutional
 * regressor that is thrown away afterwards.
 *
 *   loss = 1/2 mean over the images of || hint - regressor(guided) ||^2
 *
 * The rest of the student stays as it is: train it next, with `distillation`.
 *
 * @param teacher a trained model of the same input, which stays as it is
 * @param student whose layers up to `guided` are trained
 * @param loader of the training images; labels are not looked at
 * @returns the mean loss of each epoch
 * @throws TypeError or RangeError naming the argument that is wrong
 * @example
 * import { cifarFitnet4, cifarNin } from '@cnnzoo/cifar-networks';
 * import { rmsprop, trainHint } from '@cnnzoo/train';
 *
 * const [teacher, student] = [cifarNin(), cifarFitnet4()]; // the teacher trained
 * const optimizer = rmsprop({ learningRate: 0.005 });
 * await trainHint(teacher, student, loader, { hint: 'features.stage2.unit3.activ', guided: 'act2_6', epochs: 10, optimizer });
 */
export async function trainHint(
  teacher: LayersModel,
  student: LayersModel,
  loader: Loader,
  options: HintOptions,
): Promise<number[]> {
  check('teacher', teacher, layersModel<LayersModel>());
  check('student', student, layersModel<LayersModel>());
  check('loader', loader, loaderRule);
  const {
    hint,
    guided,
    epochs,
    optimizer,
    seed = 0,
  } = checkOptions<HintOptions>('trainHint', options, {
    hint: string("a layer's name"),
    guided: string("a layer's name"),
    epochs: integer(1),
    optimizer: optimizerRule,
    seed: optional(integer(0)),
  });
  const target = outputOf(teacher, 'teacher', hint);
  const source = outputOf(student, 'student', guided);
  const [height, width, channels] = target.shape.slice(1).map(Number) as [number, number, number];
  const kernelSize = [Number(source.shape[1]) - height + 1, Number(source.shape[2]) - width + 1];
  if (kernelSize.some((size) => !(size >= 1)))
    throw new RangeError(
      `the output of guided, [${source.shape.slice(1)}], must be of known height and width, at least those of hint, [${target.shape.slice(1)}]`,
    );
  const regressor = layers.conv2d({
    filters: channels,
    kernelSize,
    kernelInitializer: initializers.glorotUniform({ seed }),
  });
  const teaching = makeModel({ inputs: teacher.inputs, outputs: target });
  const learning = makeModel({ inputs: student.inputs, outputs: regressor.apply(source) as SymbolicTensor });
  const step = (images: tf.Tensor4D) =>
    tf.tidy(() => {
      const wanted = teaching.predict(images, { batchSize: images.shape[0] }) as tf.Tensor;
      const { value, grads } = variableGradients(() => {
        const gap = tf.sub(learning.apply(images, { training: true }) as tf.Tensor, wanted);
        return tf.div(tf.sum<tf.Scalar>(tf.mul(gap, gap)), 2 * images.shape[0]);
      }, trainableVariables(learning));
      optimizer.applyGradients(grads);
      return value;
    });
  const history: number[] = [];
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const losses: number[] = [];
      for await (const batch of loader.epoch(epoch)) {
        let loss: tf.Scalar | undefined;
        try {
          loss = step(batch.images);
          losses.push(Number((await loss.data())[0]));
        } finally {
          tf.dispose([batch.images, batch.labels, loss]);
        }
      }
      history.push(losses.reduce((sum, each) => sum + each, 0) / losses.length);
    }
  } finally {
    regressor.dispose();
  }
  return history;
}

function outputOf(model: LayersModel, argument: string, name: string): SymbolicTensor {
  const output = model.layers.find((layer) => layer.name === name)?.inboundNodes[0]?.outputTensors[0];
  if (output === undefined) throw new RangeError(`${argument} has no layer '${name}'`);
  if (output.shape.length !== 4)
    throw new RangeError(`layer '${name}' of ${argument} must give a feature map, got [${output.shape.join(', ')}]`);
  return output;
}
