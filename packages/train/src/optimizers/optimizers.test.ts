import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import reference from '../fixtures/optimizers.json' with { type: 'json' };
import { clipGradients, type GradientClipping, gradientNorm } from '../loop/gradient-clipping.js';
import { type AdamOptions, adam, adamw } from './adam.js';
import { type LarsOptions, lars } from './lars.js';
import type { StatefulOptimizer } from './optimizer.js';
import { type RmspropOptions, rmsprop } from './rmsprop.js';
import { type SgdOptions, sgd } from './sgd.js';

type Options = SgdOptions & RmspropOptions & AdamOptions & LarsOptions;
const make: Record<string, (options: Options) => StatefulOptimizer> = { sgd, rmsprop, adam, adamw, lars };

function optimizer(name: string, options: object): StatefulOptimizer {
  const made = make[name]?.(options as Options);
  if (made === undefined) throw new Error(`no optimizer ${name}`);
  return made;
}

const tensors = (flat: readonly number[][]) =>
  flat.map((values, i) => tf.tensor(values, reference.shapes[i] as [number, ...number[]]));
const startingWeights = () => tensors(reference.start).map((tensor) => tf.variable(tensor));

/** The fixture's loss: sum(c (w - t)^2) + sum(sin(3 w)). */
function gradients(weights: tf.Variable[]): tf.NamedTensorMap {
  const [scales, targets] = [tensors(reference.scales), tensors(reference.targets)];
  const loss = () =>
    tf.addN(
      weights.map((w, i) => {
        const [c, t] = [scales[i] ?? tf.scalar(0), targets[i] ?? tf.scalar(0)];
        return tf.add(tf.sum(tf.mul(c, tf.square(tf.sub(w, t)))), tf.sum(tf.sin(tf.mul(w, 3))));
      }),
    ) as tf.Scalar;
  return tf.variableGrads(loss, weights).grads;
}

function step(made: StatefulOptimizer, weights: tf.Variable[], clipping: GradientClipping = {}): number[] {
  tf.tidy(() => {
    const grads = gradients(weights);
    made.applyGradients(clipGradients(grads, gradientNorm(Object.values(grads)), clipping));
  });
  return weights.flatMap((weight) => [...weight.dataSync()]);
}

test.each(reference.cases.map((one) => ({ clipping: undefined, ...one })))(
  'equals the reference in PyTorch over 20 steps: $name $options $clipping',
  ({ name, options, weights: expected, clipping }) => {
    const before = tf.memory().numTensors;
    const weights = tf.tidy(startingWeights);
    const made = optimizer(name, options);
    for (const row of expected) {
      for (const [i, value] of step(made, weights, clipping).entries())
        expect(Math.abs(value - (row[i] ?? Number.NaN))).toBeLessThan(1e-5);
    }
    expect(made.iterations).toBe(20);
    made.dispose();
    tf.dispose(weights);
    expect(tf.memory().numTensors).toBe(before);
  },
);

const kinds = [
  ['sgd', { learningRate: 0.02, momentum: 0.9 }],
  ['rmsprop', { learningRate: 0.01, momentum: 0.9 }],
  ['adam', { learningRate: 0.05 }],
  ['adamw', { learningRate: 0.05, weightDecay: 0.1 }],
  ['lars', { learningRate: 0.5 }],
] as const;

test.each(kinds)('%s goes on from its saved state, bit for bit', async (name, options) => {
  const weights = startingWeights();
  const made = optimizer(name, options);
  for (let i = 0; i < 3; i++) step(made, weights);
  const saved = await made.getWeights();
  const copies = weights.map((weight) => tf.variable(weight.clone()));
  const other = optimizer(name, options);
  await other.setWeights(saved);
  for (let i = 0; i < 3; i++) expect(step(other, copies)).toEqual(step(made, weights));
});

test.each(kinds)('%s is made again from its configuration', (name, options) => {
  const made = optimizer(name, options);
  const again = optimizer(name, made.getConfig());
  expect(again.getConfig()).toEqual(made.getConfig());
  expect(step(again, startingWeights())).toEqual(step(made, startingWeights()));
});

test('lars moves weights that start as zeros', () => {
  const [weight, bias] = startingWeights();
  if (weight === undefined || bias === undefined) throw new Error('no weights');
  weight.assign(tf.zerosLike(weight));
  step(lars({ learningRate: 0.1 }), [weight, bias]);
  expect([...weight.dataSync()].every((value) => value !== 0 && Number.isFinite(value))).toBe(true);
});

test('a factor slows one variable down, and 0 stops it', () => {
  const [slow, frozen] = startingWeights();
  const [plain] = startingWeights();
  if (slow === undefined || frozen === undefined || plain === undefined) throw new Error('no weights');
  const start = slow.dataSync().slice();
  const made = sgd({ learningRate: 0.02 });
  made.setLearningRateFactor(slow, 0.5);
  made.setLearningRateFactor(frozen, 0);
  const still = [...frozen.dataSync()];
  step(made, [slow, frozen]);
  step(sgd({ learningRate: 0.02 }), [plain]);
  expect([...frozen.dataSync()]).toEqual(still);
  for (const [i, value] of slow.dataSync().entries()) {
    const before = start[i] ?? 0;
    expect(value - before).toBeCloseTo(((plain.dataSync()[i] ?? 0) - before) / 2, 6);
  }
});

test.each<[string, () => unknown]>([
  ['learningRate must be a finite number of at least 0, got -1', () => sgd({ learningRate: -1 })],
  [
    'weightDecay must be a finite number of at least 0, got NaN',
    () => adamw({ learningRate: 1, weightDecay: Number.NaN }),
  ],
  ['momentum must be a number of at least 0 and below 1, got 1', () => sgd({ learningRate: 1, momentum: 1 })],
  ['nesterov needs a momentum above 0, got 0', () => sgd({ learningRate: 1, nesterov: true })],
  ['decay must be a number of at least 0 and below 1, got 2', () => rmsprop({ learningRate: 1, decay: 2 })],
  ['epsilon must be a finite number above 0, got 0', () => adam({ learningRate: 1, epsilon: 0 })],
  ['trust must be a finite number above 0, got 0', () => lars({ learningRate: 1, trust: 0 })],
])('says: %s', (message, run) => {
  expect(run).toThrow(message);
});

test('refuses gradients and states of other variables before it changes anything', async () => {
  const made = sgd({ learningRate: 0.1, momentum: 0.9 });
  const [narrow, wide] = [tf.variable(tf.zeros([2])), tf.variable(tf.zeros([3]))];
  const wrong = { [narrow.name]: tf.ones([2]), [wide.name]: tf.ones([2]) };
  expect(() => made.applyGradients(wrong)).toThrow(`the gradient of '${wide.name}' must be a tensor of the shape of`);
  expect(() => made.applyGradients({ nobody: tf.ones([2]) })).toThrow("no variable is called 'nobody'");
  expect([made.iterations, made.slotsOf(narrow), narrow.dataSync()[0]]).toEqual([0, undefined, 0]);
  expect(() => made.restoreSlots(narrow, { momentum_buffer: wide })).toThrow('values.momentum_buffer must be a tensor');
  await expect(made.setWeights([])).rejects.toThrow('weights[0].tensor must be a tensor of one number');
  await made.setWeights([
    { name: 'iterations', tensor: tf.scalar(1) },
    { name: 'x', tensor: tf.ones([3]) },
  ]);
  expect(() => made.prepareSlots(narrow)).toThrow('other variables, or in another order');
});

test('is an optimizer for model.compile and fit, too', async () => {
  const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [1], kernelInitializer: 'zeros' })] });
  model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: 'meanSquaredError' });
  const { history } = await model.fit(tf.tensor2d([[1], [2]]), tf.tensor2d([[2], [4]]), { epochs: 40, verbose: 0 });
  expect(Number(history['loss']?.at(-1))).toBeLessThan(0.1);
});
