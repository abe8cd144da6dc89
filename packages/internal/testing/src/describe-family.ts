/** The tests that every network has whose golden figures are in ../golden. */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { type ModelGolden, modelGolden, trainingGolden } from './golden-files.js';
import { goldenLogitsError, layerShapes, parameterCount } from './golden-models.js';
import { expectGoldenTraining, runGoldenTraining } from './golden-training.js';
import { stateShapes } from './pytorch-weights.js';

// Above a hundred million weights take minutes on a busy machine.
const timeout = 900_000;
const zeros = { initialWeights: 'zeros' } as const;

type Build<Options> = (options: typeof zeros & Options) => LayersModel;

/**
 * Works on a backend of tfjs. A test file that builds large networks of zeros builds them on tfjs's 'cpu', which keeps zeros as the system
 * gives them, without memory, and only computes on another backend, which copies all it is given.
 */
export async function onBackend<T>(backend: string, work: () => T | Promise<T>): Promise<T> {
  const before = tf.getBackend();
  await tf.setBackend(backend);
  try {
    return await work();
  } finally {
    await tf.setBackend(before);
  }
}

/**
 * The same keys and shapes as the original's state dict, the same number of parameters, the same size after every layer and, where
 * the golden has them, the same logits.
 * @param golden the name of a file of golden/models/, or a golden of the caller's own
 * @param withHeads whether the golden's state counts auxiliary heads, which logits are computed without
 * @param backends of tfjs, registered, that the logits are computed on
 */
export function describeFamily(
  golden: string | ModelGolden,
  build: Build<{ auxiliaryHeads?: boolean }>,
  { withHeads = false, backends = ['onnx'] }: { withHeads?: boolean; backends?: readonly string[] } = {},
): void {
  const figures = typeof golden === 'string' ? modelGolden(golden) : golden;
  describe(typeof golden === 'string' ? golden : 'the original', () => {
    test('has the same state dict, parameters and layers', () => {
      const model = build(withHeads ? { ...zeros, auxiliaryHeads: true } : zeros);
      expect(stateShapes(model)).toEqual(figures.state);
      // Parameters are what an optimizer sees; running statistics are none.
      expect(parameterCount(model)).toBe(figures.params);
      const shapes = layerShapes(model, figures);
      expect(shapes.actual).toEqual(shapes.expected);
      model.dispose();
    });

    if (figures.logits !== undefined)
      test.each(backends)('computes the same logits on %s', { timeout }, async (backend) => {
        const model = build(zeros);
        expect(await onBackend(backend, () => goldenLogitsError(model, figures))).toBeLessThan(1e-4);
        model.dispose();
      });
  });
}

/**
 * Four steps of SGD have the losses, gradients, running statistics and logits that PyTorch has in float64, up to a small multiple of
 * PyTorch's own float32, and leave no tensor.
 * @param name of a file of golden/training/
 * @param build gets the golden's classes and input, and `auxiliaryHeads` where its network has them
 * @param backend of tfjs, registered, that it trains on
 */
export function testGoldenTraining(
  name: string,
  build: Build<{ numClasses: number; inputShape: [number, number, number]; auxiliaryHeads?: boolean }>,
  backend = 'onnx',
): void {
  test(`${name} trains as in PyTorch`, { timeout }, async () => {
    const golden = trainingGolden(name);
    const [channels, height, width] = golden.input;
    const { numClasses, auxWeight } = golden;
    const heads = auxWeight === null ? {} : { auxiliaryHeads: true };
    const model = build({ ...zeros, numClasses, inputShape: [height, width, channels], ...heads });
    expect(stateShapes(model)).toEqual(golden.state);
    const tensors = tf.memory().numTensors;
    expectGoldenTraining(await onBackend(backend, () => runGoldenTraining(model, golden)), golden);
    expect(tf.memory().numTensors).toBe(tensors);
    model.dispose();
  });
}
