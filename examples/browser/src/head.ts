/** Teaches a network new classes: its features of the examples are computed once, and a head is trained on them. */
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, model as layersModel } from '@tensorflow/tfjs-layers';
import { blocks, type ImageClassifier, imageClassifier, train, transforms } from 'cnnzoo';

/** An example of a class. */
export interface Example {
  readonly image: ImageData;
  /** The index of its class. */
  readonly label: number;
}

export interface TrainHeadOptions {
  /** Names of the classes. */
  readonly categories: readonly string[];
  /** The module of the network whose outputs are the features. */
  readonly features: string;
  /** Told of how much is done, from 0 to 1, and of what. */
  readonly onProgress: (share: number, text: string) => void;
}

const epochs = 30;
const batchSize = 16;

/** A classifier for new classes. */
export interface Taught {
  readonly classifier: ImageClassifier;
  /** Frees the head. The rest belongs to the network. */
  dispose(): void;
}

/**
 * Trains a head on a frozen network.
 * @param network stays as it is; the result shares its weights
 */
export async function trainHead(
  network: LayersModel,
  examples: readonly Example[],
  { categories, features, onProgress }: TrainHeadOptions,
): Promise<Taught> {
  const preprocessing = blocks.modelMetadata(network)?.preprocessing;
  if (preprocessing === undefined) throw new Error(`${network.name} does not say how its images are prepared`);
  const backbone = blocks.features(network, [features]);
  const transform = transforms.compose([transforms.toRgb(), transforms.evaluationTransform(preprocessing)]);
  const seen: tf.Tensor4D[] = [];
  for (const [index, { image }] of examples.entries()) {
    onProgress((0.8 * index) / examples.length, `looking at example ${index + 1} of ${examples.length}`);
    seen.push(
      tf.tidy(() => {
        const { data, width, height, channels } = transform({ ...pixels(image), channels: 4 });
        return backbone.predict(tf.tensor4d(new Float32Array(data), [1, height, width, channels])) as tf.Tensor4D;
      }),
    );
    // Lets the page draw.
    await tf.nextFrame();
  }

  const map = input({ shape: backbone.outputs[0]?.shape.slice(1) ?? [] });
  // One layer needs no random start, and without it the same examples give the same head.
  const zeros = blocks.constant(0);
  const layers = [
    blocks.globalAveragePooling2d(),
    blocks.dense({ name: 'head', units: categories.length, kernelInitializer: zeros, biasInitializer: zeros }),
  ];
  const head = layersModel({ inputs: map, outputs: blocks.connect(map, ...layers) });
  try {
    await train.train(head, batches(seen, examples), {
      epochs,
      optimizer: train.adam({ learningRate: 0.01 }),
      schedule: train.cosineDecay(),
      onEvent: (event) => {
        if (event.type !== 'epoch') return;
        const accuracy = `${Math.round(100 * event.accuracy)} % of the examples are right`;
        onProgress(0.8 + (0.2 * (event.epoch + 1)) / epochs, `epoch ${event.epoch + 1} of ${epochs}: ${accuracy}`);
      },
    });
  } finally {
    tf.dispose(seen);
  }
  const taught = layersModel({
    inputs: network.inputs,
    outputs: backbone.outputs.map((output) => blocks.connect(output, ...layers)),
  });
  blocks.setModelMetadata(taught, { preprocessing, categories: [...categories] });
  return {
    classifier: imageClassifier(taught),
    dispose: () => {
      for (const weight of head.weights) weight.dispose();
    },
  };
}

const pixels = ({ data, width, height }: ImageData) => ({ data, width, height });

/** The examples in an order that is another one in each epoch, and depends on nothing but its number. */
function batches(features: readonly tf.Tensor4D[], examples: readonly Example[]): train.Loader {
  const batchesPerEpoch = Math.ceil(examples.length / batchSize);
  return {
    batchesPerEpoch,
    async *epoch(index, fromBatch = 0) {
      const order = [...transforms.randomGenerator(index).permutation(examples.length)];
      for (let batch = fromBatch; batch < batchesPerEpoch; batch++) {
        const chosen = order.slice(batch * batchSize, (batch + 1) * batchSize);
        yield {
          images: tf.concat(chosen.flatMap((i) => features[i] ?? [])),
          labels: tf.tensor1d(
            chosen.flatMap((i) => examples[i]?.label ?? []),
            'int32',
          ),
        };
      }
    },
  };
}
