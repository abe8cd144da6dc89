/**
 * What every network of `listModels()` does, whatever its family. Inputs are small, weights are all there. families.ts shares the
 * networks out to test files, which run side by side.
 */
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { features, modelMetadata } from '@cnnzoo/blocks';
import { auxiliaryCrossEntropy } from '@cnnzoo/losses';
import { summarize } from '@cnnzoo/shape';
import { goldenInput } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { type LayersModel, type LayerVariable, loadLayersModel } from '@tensorflow/tfjs-layers';
import { createModel } from 'cnnzoo';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { networksOf, type Part } from './families.js';
import { featureChannels, hasTop, isGiant, smallInput } from './small-networks.js';

const numClasses = 5;

function images([height, width, channels]: readonly [number, number, number], count: number): tf.Tensor4D {
  return tf.tensor4d(goldenInput(count, channels, height, width), [count, height, width, channels]);
}

function variables(weights: readonly LayerVariable[]): tf.Variable[] {
  const { registeredVariables } = tf.engine();
  return weights.map(({ name }) => registeredVariables[name] as tf.Variable);
}

type Layer = LayersModel['layers'][number];

/** A tensor's numbers, to be read only: the engine's own array where it hands that out. Copies of large networks take seconds. */
function valuesOf(tensor: tf.Tensor): tf.TypedArray {
  const { valuesOf } = tf.backend() as { valuesOf?: (dataId: object) => tf.TypedArray };
  return valuesOf?.call(tf.backend(), tensor.dataId) ?? tensor.dataSync();
}

const weightsOf = (model: LayersModel) => model.weights as unknown as LayerVariable[];

const currentValues = (weight: LayerVariable): tf.TypedArray => valuesOf(weight.read());

function sameBits(a: tf.TypedArray, b: tf.TypedArray): boolean {
  const [bytes, others] = [a, b].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
  return Buffer.compare(bytes as Uint8Array, others as Uint8Array) === 0;
}

/** Names of the weights whose values have other bits. */
function different(
  weights: readonly LayerVariable[],
  values: readonly tf.TypedArray[],
  others: readonly tf.TypedArray[],
): string[] {
  return weights.flatMap(({ originalName }, i) =>
    sameBits(values[i] ?? new Float32Array(), others[i] ?? new Float32Array()) ? [] : [originalName],
  );
}

/** What weights are before a step: a clone keeps a value alive that nothing writes into, and copies nothing. */
function remember(layers: LayersModel['layers']): {
  /** Names of the weights that have moved. */
  readonly moved: (layer: Layer) => string[];
  /** Names of the layers none of whose weights has. */
  readonly unmoved: (layers: readonly Layer[]) => string[];
  dispose(): void;
} {
  const clones = new Map(
    layers.flatMap(({ weights }) => weights.map((weight) => [weight, tf.clone(weight.read())] as const)),
  );
  const beforeOf = (weight: LayerVariable) => {
    const before = clones.get(weight);
    if (before === undefined) throw new Error(`${weight.originalName} was not remembered`);
    return before;
  };
  const differ = (a: tf.Tensor, b: tf.Tensor) => !sameBits(valuesOf(a), valuesOf(b));
  // What has never been assigned is the same value: it need not be read.
  const isAssigned = (weight: LayerVariable) => (weight.read() as tf.Tensor).dataId !== beforeOf(weight).dataId;
  const hasMoved = (weight: LayerVariable) =>
    isAssigned(weight) && differ(weight.read() as tf.Tensor, beforeOf(weight));
  return {
    moved: (layer) => layer.weights.filter(hasMoved).map(({ originalName }) => originalName),
    unmoved: (of) =>
      tf.tidy(() => {
        // Most have moved in their first row: the rest is read of those only that have not.
        const rows = of.map(({ weights }) =>
          weights
            .filter(isAssigned)
            .map((weight) => [firstRow(weight.read() as tf.Tensor), firstRow(beforeOf(weight))] as const),
        );
        return of
          .filter(
            ({ weights }, index) =>
              !rows[index]?.some(([now, before]) => differ(now, before)) && !weights.some(hasMoved),
          )
          .map(({ name }) => name);
      }),
    dispose: () => tf.dispose([...clones.values()]),
  };
}

function firstRow(tensor: tf.Tensor): tf.Tensor {
  return tf.slice(tensor, Array(tensor.rank).fill(0), [...Array(tensor.rank - 1).fill(1), -1]);
}

/**
 * What a seed gives is compared by this many numbers of each weight: the initializer's own tests compare a whole stream. A prime number,
 * so that repeating them makes no two channels equal.
 */
const compared = 4093;

interface RandomInitializer {
  apply(shape: number[]): tf.Tensor;
  asWideAs(shape: readonly number[]): RandomInitializer;
}

/** What was drawn for a tensor. */
type Drawn = WeakMap<object, Float32Array>;

/**
 * Builds with weights of which the beginning is drawn, and makes tensors of it.
 * @param drawn gets the beginnings
 */
function drawing<T>(
  build: () => T,
  drawn: Drawn,
  tensorOf: (beginning: Float32Array, shape: number[]) => tf.Tensor,
): T {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const [{ prototype }] = classNameMap['CnnzooRandomInitializer'] as unknown as [{ prototype: RandomInitializer }];
  const { apply } = prototype;
  const spy = vi.spyOn(prototype, 'apply').mockImplementation(function (this: RandomInitializer, shape) {
    const size = Math.min(tf.util.sizeFromShape(shape), compared);
    const beginning = apply.call(this.asWideAs(shape), [size]);
    const values = beginning.dataSync<'float32'>();
    beginning.dispose();
    const tensor = tensorOf(values, shape);
    drawn.set(tensor.dataId, values);
    return tensor;
  });
  try {
    return build();
  } finally {
    expect(spy).toHaveBeenCalled();
    spy.mockRestore();
  }
}

/** With the beginning of each weight repeated: to draw all 127 million of a wide ResNet's would take seconds each time. */
function drawingBeginnings<T>(build: () => T, drawn: Drawn = new WeakMap()): T {
  return drawing(build, drawn, (beginning, shape) => {
    const values = new Float32Array(tf.util.sizeFromShape(shape));
    values.set(beginning);
    for (let end = beginning.length; end < values.length; end *= 2) values.copyWithin(end, 0, end);
    return tf.tensor(values, shape);
  });
}

/** The loss of a batch in training. */
function loss(model: LayersModel, x: tf.Tensor4D): tf.Scalar {
  const logits = [model.apply(x, { training: true })].flat() as tf.Tensor2D[];
  const labels = tf.tensor1d(
    Array.from({ length: x.shape[0] }, (_, index) => index % numClasses),
    'int32',
  );
  return auxiliaryCrossEntropy(labels, logits);
}

/** Names of the trainable weights whose gradient is zero in a step of training, which moves the others. */
function withoutGradient(model: LayersModel, x: tf.Tensor4D, layers = model.layers): string[] {
  const weights = layers.flatMap(({ trainableWeights }) => trainableWeights);
  const optimizer = tf.train.sgd(0.1);
  const without = tf.tidy(() => {
    const list = variables(weights);
    const { grads } = tf.variableGrads(() => loss(model, x), list);
    // Read as they are: onnxruntime would take longer to compile a sum of each.
    const names = weights.filter((_, i) => !hasDirection(grads[list[i]?.name ?? '']));
    optimizer.applyGradients(grads);
    return names.map(({ originalName }) => originalName);
  });
  optimizer.dispose();
  return without;
}

/** Whether a gradient has a value beside zeros, and no NaN. */
function hasDirection(gradient: tf.Tensor | undefined): boolean {
  let largest = 0;
  for (const value of gradient === undefined ? [] : valuesOf(gradient)) largest = Math.max(largest, Math.abs(value));
  return largest > 0;
}

async function saved(model: LayersModel): Promise<tf.io.ModelArtifacts> {
  return new Promise((resolve, reject) => {
    const handler = tf.io.withSaveHandler(async (artifacts) => {
      resolve(artifacts);
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    });
    model.save(handler).catch(reject);
  });
}

/** Test files run side by side, one for each processor: a second thread of each would only wait, and use its processor for that. */
function onOneThread(): void {
  beforeAll(async () => {
    registerOnnxBackend({ threads: 1 });
    await tf.setBackend('onnx');
    // The class of random weights is registered with the first network that is built.
    createModel('lenet5').dispose();
  });
}

/** Declares the contract's tests for a part of the networks. */
export function describeNetworks(part: Part): void {
  onOneThread();
  describe.each(networksOf(part))('%s', (id) => {
    const inputShape = smallInput(id);
    const options = hasTop(id)
      ? { numClasses, inputShape }
      : { inputShape, includeTop: false, pooling: 'avg' as const };
    const outputs = hasTop(id) ? numClasses : featureChannels(id);
    const batch = 4;
    let model: LayersModel;
    let x: tf.Tensor4D;
    let tensors: number;
    const drawn: Drawn = new WeakMap();
    /** Those whose gradient is computed. */
    let learning: LayersModel['layers'];

    beforeAll(async () => {
      await tf.setBackend(isGiant(id) ? 'cpu' : 'onnx');
      model = drawingBeginnings(() => createModel(id, { ...options, seed: 1 }), drawn);
      learning = model.layers.slice(isGiant(id) ? Math.floor(model.layers.length * 0.95) : 0);
      x = images(inputShape, batch);
      tensors = tf.memory().numTensors;
    });

    afterAll(() => {
      x.dispose();
      model.dispose();
    });

    test('is built as asked and knows itself', () => {
      expect(model.inputs.map(({ shape }) => shape)).toEqual([[null, ...inputShape]]);
      expect(model.outputs.map(({ shape }) => shape)).toEqual([[null, outputs]]);
      expect(modelMetadata(model)).toMatchObject({ id, options });
      expect(new Set(model.layers.map(({ name }) => name)).size).toBe(model.layers.length);
    });

    test('a seed gives the same weights again, another one others', async () => {
      const beginning = (weight: LayerVariable) => drawn.get(weight.read().dataId) ?? currentValues(weight);
      const backend = tf.getBackend();
      // There zeros are kept as the system gives them, without memory: of these networks only the numbers are compared that were drawn.
      await tf.setBackend('cpu');
      const differences = (seed: number) => {
        const again = drawing(
          () => createModel(id, { ...options, seed }),
          drawn,
          (_, shape) => tf.zeros(shape),
        );
        const weights = weightsOf(again);
        const values = weights.map(beginning);
        again.dispose();
        return { weights, values };
      };
      const [same, other] = [differences(1), differences(2)];
      await tf.setBackend(backend);
      const first = weightsOf(model).map(beginning);
      const names = ({ weights, values }: typeof same) => different(weights, values, first);
      expect({ count: same.weights.length, names: names(same) }).toEqual({ count: model.weights.length, names: [] });
      expect(names(other)).toEqual(expect.arrayContaining([expect.stringMatching(/kernel/)]));
      expect(tf.memory().numTensors).toBe(tensors);
    });

    /** Layers whose outputs are looked at, and a model of them. */
    const summarized = (whole: LayersModel) => {
      const all = summarize(whole).layers.filter(({ name }) => whole.layers.some((layer) => layer.name === name));
      const layers = isGiant(id) ? all.filter((_, index) => index % 20 === (all.length - 1) % 20) : all;
      const run = features(
        whole,
        layers.map(({ name }) => name),
      );
      return { all, layers, outputs: () => [run.predict(x, { batchSize: batch })].flat() };
    };

    test('is loaded as it was saved, to the bit', async () => {
      // Biases, scales and statistics are equal at first: here each gets values of its own, so that none can stand for another.
      for (const [index, weight] of model.weights.entries())
        if (weight.shape.length === 1)
          tf.tidy(() => {
            const values = weight.read().dataSync();
            weight.write(
              tf.tensor1d(values.map((value, i) => value * (1 + index * 1e-5) + (i % 64) * 1e-6 + index * 1e-7)),
            );
          });
      const loaded = await loadLayersModel(tf.io.fromMemory(await saved(model)));
      // Before it runs: the engine then stores filters in another order, and to read them all takes as long as to run.
      const [own, others] = [weightsOf(model), weightsOf(loaded)];
      expect(others).toHaveLength(own.length);
      expect(different(own, own.map(currentValues), others.map(currentValues))).toEqual([]);
      tf.tidy(() => {
        // By the graph that the next test runs, too, so that one is compiled for both; a giant, which compiles none, as it is.
        const outputs = (each: LayersModel) => (isGiant(id) ? [each.predict(x)].flat() : summarized(each).outputs());
        const [expected, actual] = [model, loaded].map((each) => outputs(each).at(-1)?.dataSync());
        expect(actual).toEqual(expected);
      });
      expect(modelMetadata(loaded)).toEqual(modelMetadata(model));
      loaded.dispose();
      expect(tf.memory().numTensors).toBe(tensors);
    });

    test('runs with the shapes and parameters that `summarize` says', () => {
      const summary = summarize(model);
      expect(summary.params + summary.buffers).toBe(model.countParams());
      const { all, layers, outputs } = summarized(model);
      expect(all.length).toBeGreaterThan(model.layers.length / 2);
      tf.tidy(() => {
        const results = outputs();
        expect(results.map(({ shape }) => shape)).toEqual(layers.map(({ outputShape }) => [batch, ...outputShape]));
        const logits = Array.from(results.at(-1)?.dataSync() ?? []);
        // Untrained statistics let activations grow from block to block, in hundreds of them beyond all numbers.
        if (isGiant(id)) return;
        expect(logits.every(Number.isFinite)).toBe(true);
        expect(new Set(logits).size).toBeGreaterThan(1);
      });
      expect(tf.memory().numTensors).toBe(tensors);
    });

    test('a gradient reaches every trainable weight and moves every layer', () => {
      const layers = learning.filter((layer) => layer.weights.length > 0);
      const before = remember(layers);
      expect(withoutGradient(model, x, learning)).toEqual([]);
      // Of a layer, not each weight: a small gradient may be lost beside a scale of 1.
      expect(before.unmoved(layers)).toEqual([]);
      before.dispose();
      expect(tf.memory().numTensors).toBe(tensors);
    });

    test('frozen layers do not move, the last one does', () => {
      const last = model.layers.findLastIndex((layer) => layer.weights.length > 0);
      const frozen = model.layers.slice(0, last);
      const others = model.layers.slice(last);
      const before = remember(model.layers);
      for (const layer of frozen) layer.trainable = false;
      const weights = others.flatMap(({ trainableWeights }) => trainableWeights);
      expect(model.trainableWeights).toEqual(weights);
      const optimizer = tf.train.sgd(0.1);
      optimizer.minimize(() => loss(model, x), false, variables(weights));
      optimizer.dispose();
      for (const layer of frozen) layer.trainable = true;
      expect(frozen.flatMap(before.moved)).toEqual([]);
      expect(before.unmoved(others.filter((layer) => layer.weights.length > 0))).toEqual([]);
      before.dispose();
      expect(tf.memory().numTensors).toBe(tensors);
    });
  });
}

/** Declares the tests of networks with auxiliary heads. */
export function describeAuxiliaryHeads(): void {
  onOneThread();
  describe.each([
    ['googlenet', [64, 64, 3], 4],
    ['googlenet_paper', [96, 96, 3], 2],
    ['inception_v2', [299, 299, 3], 2],
    // The head's last grid is 1x1: its batch norm has a value an image.
    ['inception_v3', [299, 299, 3], 3],
  ] as const)('%s with auxiliary heads', (id, inputShape, count) => {
    test('a gradient reaches every trainable weight, the main logits come first', async () => {
      await tf.setBackend('onnx');
      const [model, plain] = [true, false].map((auxiliaryHeads) =>
        drawingBeginnings(() => createModel(id, { numClasses, inputShape, auxiliaryHeads, seed: 1 })),
      ) as [LayersModel, LayersModel];
      const x = images([...inputShape], count);
      const tensors = tf.memory().numTensors;
      tf.tidy(() => {
        const [main, ...heads] = model.predict(x) as tf.Tensor[];
        expect(heads.length).toBeGreaterThan(0);
        expect(main?.dataSync()).toEqual((plain.predict(x) as tf.Tensor).dataSync());
      });
      expect(withoutGradient(model, x)).toEqual([]);
      expect(tf.memory().numTensors).toBe(tensors);
      x.dispose();
      for (const each of [model, plain]) each.dispose();
    });
  });
}
