import { alexnetPaper } from '@cnnzoo/alexnet';
import { googlenet } from '@cnnzoo/googlenet';
import { inceptionV3 } from '@cnnzoo/inception';
import { lenet5 as cnnzooLenet5 } from '@cnnzoo/lenet';
import { cifarResnet, resnet18, resnet50 } from '@cnnzoo/resnet';
import { goldenInput, goldenWeight } from '@cnnzoo/testing';
import { vgg16 } from '@cnnzoo/vgg';
import { loadStateDict, stateDict } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { LayerSource, NetworkName, Ran, Work } from '../protocol.js';
import { epochs } from './epoch.js';
import { lenet5 } from './lenet5.js';
import { resnet } from './resnet.js';
import { timeSteps } from './time-steps.js';

/** A network with its weights and one batch, ready for steps. */
export interface NetworkSession {
  readonly parameters: number;
  run(steps: number): Promise<Ran>;
}

/** Of the loss of a head that only trains. */
const headWeight = 0.3;

/** How a network predicts: model.predict, model.predict with a weight that changes each time, or frozen. */
export type Prediction = 'predict' | 'changing' | 'frozen';

export function predictionOf(engineName: string | undefined): Prediction {
  if (engineName === 'onnx-frozen') return 'frozen';
  return engineName === 'onnx-changing' ? 'changing' : 'predict';
}

interface BuildOptions {
  readonly initialWeights: 'zeros';
  /** Heads that only train are built for training steps. */
  readonly auxiliaryHeads: boolean;
  readonly dropout: number;
}
type Build = (options: BuildOptions) => LayersModel;

interface Network {
  readonly build: { readonly [source in LayerSource]: source extends 'cnnzoo' ? Build : Build | null };
  readonly size: number;
  readonly channels: number;
  readonly classes: number;
}

const imagenet = { size: 224, channels: 3, classes: 1000 };

const networks: Readonly<Record<NetworkName, Network>> = {
  lenet5: {
    build: { 'tfjs-layers': lenet5, cnnzoo: ({ initialWeights }) => cnnzooLenet5({ initialWeights }) },
    size: 32,
    channels: 1,
    classes: 10,
  },
  resnet18: {
    build: { 'tfjs-layers': () => resnet('resnet18'), cnnzoo: ({ initialWeights }) => resnet18({ initialWeights }) },
    ...imagenet,
  },
  resnet50: {
    build: { 'tfjs-layers': () => resnet('resnet50'), cnnzoo: ({ initialWeights }) => resnet50({ initialWeights }) },
    ...imagenet,
  },
  vgg16: {
    build: { 'tfjs-layers': null, cnnzoo: ({ initialWeights, dropout }) => vgg16({ initialWeights, dropout }) },
    ...imagenet,
  },
  googlenet: { build: { 'tfjs-layers': null, cnnzoo: googlenet }, ...imagenet },
  inception_v3: { build: { 'tfjs-layers': null, cnnzoo: inceptionV3 }, ...imagenet, size: 299 },
  alexnet_paper: {
    build: {
      'tfjs-layers': null,
      cnnzoo: ({ initialWeights, dropout }) => alexnetPaper({ initialWeights, dropout }),
    },
    ...imagenet,
    size: 227,
  },
  cifar_resnet20: {
    build: { 'tfjs-layers': null, cnnzoo: ({ initialWeights }) => cifarResnet({ depth: 20, initialWeights }) },
    size: 32,
    channels: 3,
    classes: 10,
  },
};

/** Builds what `work` needs on the current backend. Weights and images depend on nothing but their names and shapes. */
export async function prepareNetwork(work: Work, source: LayerSource, prediction: Prediction): Promise<NetworkSession> {
  const { network, mode, batchSize, learningRate, trained, partialBatch, folder } = work;
  const { build, size, channels, classes } = networks[network];
  const make = build[source];
  if (make === null) throw new Error(`${network} is not written in layers of ${source}`);
  const model = make({ initialWeights: 'zeros', auxiliaryHeads: mode !== 'predict', dropout: 0 });
  if (trained === 'head') for (const layer of model.layers.slice(0, -1)) layer.trainable = false;
  const golden = [...stateDict(model)].map(
    ([key, { shape }]) => [key, { shape, dtype: 'F32', data: goldenWeight(key, shape) }] as const,
  );
  loadStateDict(model, new Map(golden));

  const parameters = model.trainableWeights.reduce(
    (sum, { shape }) => sum + tf.util.sizeFromShape(shape.map(Number)),
    0,
  );
  const images = tf.tensor4d(goldenInput(batchSize, channels, size, size), [batchSize, size, size, channels]);
  if (mode === 'predict') {
    const predict = prediction === 'frozen' ? await frozenStep(model, images) : predictStep(model, images, prediction);
    return { parameters, run: (steps) => timeSteps(steps, predict) };
  }

  model.compile({
    optimizer: tf.train.momentum(learningRate, 0.9),
    loss: model.outputs.map((_, output) => (labels: tf.Tensor, logits: tf.Tensor) => {
      const loss = tf.losses.softmaxCrossEntropy(labels, logits);
      return output === 0 ? loss : tf.mul(loss, headWeight);
    }),
  });
  const trainOn = async (batch: tf.Tensor, labels: tf.Tensor) => {
    const losses = await model.trainOnBatch(
      batch,
      model.outputs.map(() => labels),
    );
    // Of several outputs the sum comes first.
    return Number(Array.isArray(losses) ? losses[0] : losses);
  };
  if (mode === 'epoch') {
    if (folder === undefined) throw new Error('an epoch needs a folder of images');
    const epoch = await epochs(folder, batchSize, async (batch, indices) => {
      const labels = tf.tidy(() => tf.cast(tf.oneHot(indices as tf.Tensor1D, classes), 'float32'));
      const loss = await trainOn(batch, labels);
      labels.dispose();
      return loss;
    });
    return { parameters, run: (steps) => timeSteps(steps, epoch) };
  }
  const labels = oneHot(batchSize, classes);
  const whole = { images, labels };
  const partial = partialBatch && {
    images: tf.slice(images, 0, partialBatch.size),
    labels: oneHot(partialBatch.size, classes),
  };
  let step = 0;
  const train = () => {
    step++;
    const batch = partial && step % partialBatch.every === 0 ? partial : whole;
    return trainOn(batch.images, batch.labels);
  };
  return { parameters, run: (steps) => timeSteps(steps, train) };
}

function predictStep(model: LayersModel, images: tf.Tensor, prediction: Prediction): () => Promise<number> {
  const bias = model.weights.at(-1);
  const values = bias?.read().dataSync().slice();
  return async () => {
    if (prediction === 'changing' && bias !== undefined && values !== undefined)
      tf.tidy(() => {
        bias.write(tf.tensor(values.slice(), bias.read().shape));
      });
    const logits = model.predict(images) as tf.Tensor;
    const [first = Number.NaN] = await logits.data();
    logits.dispose();
    return first;
  };
}

async function frozenStep(model: LayersModel, images: tf.Tensor): Promise<() => Promise<number>> {
  const { freeze } = await import('@cnnzoo/backend-onnx');
  const frozen = freeze(model, { batchSize: images.shape[0] ?? 1 });
  const pixels = await images.data<'float32'>();
  model.dispose();
  return async () => frozen.run(pixels)[0] ?? Number.NaN;
}

/** Image i is of class i mod classes. */
function oneHot(batchSize: number, classes: number): tf.Tensor {
  return tf.tidy(() => {
    const indices = tf.tensor1d(
      Array.from({ length: batchSize }, (_, i) => i % classes),
      'int32',
    );
    return tf.cast(tf.oneHot(indices, classes), 'float32');
  });
}
