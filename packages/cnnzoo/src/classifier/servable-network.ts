/** A classifier's network as a server sees it: what it takes, and how it starts. */
import { check, integer } from '@cnnzoo/checks';
import type { Preprocessing } from '@cnnzoo/metadata';
import { type LayersModel, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { ClassifierFacts } from './classifier-facts.js';
import type { Predictor, PredictorSource } from './runner.js';

/** Predicts the class activation maps [rows, columns, classes] of images. */
export interface MapPredictor {
  readonly predictor: Predictor;
  readonly size: readonly [rows: number, columns: number];
}

/**
 * The network of a classifier, with names and shapes as clients of a server use them.
 * Repeated in @cnnzoo/serve: a server knows classifiers by their shape, and does not depend on this package.
 */
export interface ServableNetwork {
  /** Names of its input and output. */
  readonly input: string;
  readonly output: string;
  /** Of an image, channels last. */
  readonly inputShape: readonly [height: number, width: number, channels: 1 | 3 | 4];
  readonly preprocessing: Preprocessing;
  /**
   * Freezes the network, with the weights that it has then. Runs in Node only.
   * @param workers processes that predict, at least one: where onnxruntime crashes, the requests of one fail and the server continues
   */
  start(workers: number): Promise<Predictor>;
  /**
   * Freezes the network of the class activation maps of all classes (Zhou et al. 2016), in a process of its own. Runs in Node only.
   * @returns null where the network has none, because it does not end in global average pooling and one dense layer
   */
  startMaps(): Promise<MapPredictor | null>;
}

export function servableNetwork(model: LayersModel, facts: ClassifierFacts, source: PredictorSource): ServableNetwork {
  const { preprocessing, channels, classes } = facts;
  const { cropSize } = preprocessing;
  const inputShape = [cropSize, cropSize, channels] as const;
  return {
    input: model.inputNames[0] ?? 'input',
    output: model.outputNames[0] ?? 'output',
    inputShape,
    preprocessing,
    start: async (workers) => source(check('workers', workers, integer(1)), true),
    async startMaps() {
      const maps = await activationMaps(model);
      if (maps === null) return null;
      const { freeze } = await import('@cnnzoo/backend-onnx');
      try {
        const predictor = freeze(maps.network, { inputShape, worker: true, processes: true, threads: 1 });
        const { length } = await predictor.run(new Float32Array(cropSize * cropSize * channels));
        // The image is as high as it is wide, and so is its map.
        const side = Math.round(Math.sqrt(length / classes));
        return { predictor, size: [side, side] };
      } finally {
        maps.dispose();
      }
    },
  };
}

/** The network before its pooling, with the last dense layer at every position. */
async function activationMaps(model: LayersModel): Promise<{ network: LayersModel; dispose: () => void } | null> {
  const { toFullyConvolutional } = await import('@cnnzoo/evaluate');
  let convolutional: LayersModel;
  try {
    convolutional = toFullyConvolutional(model);
  } catch (error) {
    // It is no network of feature maps, pooling and dense layers: an ONNX file, or one's own.
    if (error instanceof RangeError) return null;
    throw error;
  }
  const [output] = convolutional.outputs;
  const head = output?.sourceLayer;
  const pooling = head && (head.input as SymbolicTensor).sourceLayer;
  if (head === undefined || pooling?.getClassName() !== 'AveragePooling2D') {
    convolutional.dispose();
    return null;
  }
  const maps = head.apply(pooling.input) as SymbolicTensor;
  const network = makeModel({ inputs: convolutional.inputs, outputs: maps, name: `${model.name} maps` });
  return {
    network,
    dispose() {
      convolutional.dispose();
      // Two models had it, and tfjs counts.
      head.dispose();
    },
  };
}
