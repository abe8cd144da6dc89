/** Four training steps as the golden figures describe them, in plain tfjs, to be compared with PyTorch's. */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { expect } from 'vitest';
import { goldenInput } from './golden-numbers.js';
import { loadGoldenWeights, pytorchWeights } from './pytorch-weights.js';

/** What a run gives; the golden's figures of the same names come from PyTorch in float64. */
export interface TrainingFigures {
  readonly losses: readonly number[];
  /** Of each step: L2 over all parameters. */
  readonly gradient_norms: readonly number[];
  /** By key: L2 norm, first and last element, in PyTorch's layout. */
  readonly gradients_step0: Readonly<Record<string, readonly [norm: number, first: number, last: number]>>;
  /** By key: mean, first element. */
  readonly running_after_4_steps: Readonly<Record<string, readonly [mean: number, first: number]>>;
  /** Of the first image. */
  readonly eval_logits_after_4_steps: readonly number[];
}

/** How far figures are from the golden ones: relative errors, of each step or of the worst. */
export interface TrainingErrors {
  readonly losses: readonly number[];
  readonly gradient_norms: readonly number[];
  readonly gradients_step0: number;
  /** Of a gradient's first and last element, relative to the gradient's root mean square. */
  readonly gradient_elements_step0: number;
  readonly running_after_4_steps: number;
  /** L2 of the difference relative to the L2 of the golden logits. */
  readonly eval_logits_after_4_steps: number;
}

/** A file of golden/training/. */
export interface TrainingGolden extends TrainingFigures {
  readonly input: readonly [channels: number, height: number, width: number];
  readonly batch: number;
  readonly numClasses: number;
  readonly labels: readonly number[];
  readonly optimizer: { readonly lr: number; readonly momentum: number; readonly weightDecay: number };
  readonly labelSmoothing: number;
  readonly auxWeight: number | null;
  /** How far PyTorch's own float32 is from these figures. */
  readonly float32: TrainingErrors;
  readonly state: Readonly<Record<string, readonly number[]>>;
}

/** Trains `model` for the golden's steps on the current backend. */
export async function runGoldenTraining(model: LayersModel, golden: TrainingGolden): Promise<TrainingFigures> {
  loadGoldenWeights(model);
  const { batch, numClasses, labels, labelSmoothing, auxWeight, optimizer } = golden;
  const [channels, height, width] = golden.input;
  const images = tf.tensor4d(goldenInput(batch, channels, height, width), [batch, height, width, channels]);
  const targets = tf.tidy(() =>
    tf.add(
      tf.mul(tf.oneHot(tf.tensor1d([...labels], 'int32'), numClasses), 1 - labelSmoothing),
      labelSmoothing / numClasses,
    ),
  );
  const weights = pytorchWeights(model).filter(({ trainable }) => trainable);
  const { registeredVariables } = tf.engine();
  const variables = weights.map(({ variable }) => registeredVariables[variable.name] as tf.Variable);
  const velocities = new Map<LayerVariable, tf.Tensor>();

  const loss = (): tf.Scalar => {
    const outputs = model.apply(images, { training: true }) as tf.Tensor | tf.Tensor[];
    const [main, ...heads] = (Array.isArray(outputs) ? outputs : [outputs]).map((logits) =>
      tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits as tf.Tensor2D)), -1))),
    );
    return heads.reduce<tf.Tensor>(
      (sum, head) => tf.add(sum, tf.mul(head, auxWeight ?? 0)),
      main as tf.Tensor,
    ) as tf.Scalar;
  };

  const losses: number[] = [];
  const gradientNorms: number[] = [];
  const gradients: Record<string, [number, number, number]> = {};
  for (let step = 0; step < golden.losses.length; step++) {
    const { value, grads } = tf.variableGrads(loss, variables);
    const norm = tf.tidy(() => tf.sqrt(tf.addN(Object.values(grads).map(sumOfSquares))));
    // Read when the weights are written: an engine that records then computes the step as one.
    for (const { variable } of weights) {
      const before = velocities.get(variable);
      const velocity = tf.tidy(() => {
        const decayed = tf.add(grads[variable.name] as tf.Tensor, tf.mul(variable.read(), optimizer.weightDecay));
        const moved = before === undefined ? decayed : tf.add(tf.mul(before, optimizer.momentum), decayed);
        variable.write(tf.sub(variable.read(), tf.mul(moved, optimizer.lr)));
        return moved;
      });
      tf.dispose(before ?? []);
      velocities.set(variable, velocity);
    }
    if (step > 0) tf.dispose(grads);
    losses.push((await value.data())[0] as number);
    gradientNorms.push((await norm.data())[0] as number);
    // The first and the last element are the same ones in both layouts, whose axes only stand in another order.
    if (step === 0)
      for (const { key, variable } of weights)
        gradients[key] = normFirstLast(await (grads[variable.name] as tf.Tensor).data<'float32'>());
    tf.dispose([value, norm, grads]);
  }

  const running: Record<string, [number, number]> = {};
  for (const { key, variable } of pytorchWeights(model).filter(({ trainable }) => !trainable)) {
    const values = Array.from(await variable.read().data());
    running[key] = [values.reduce((sum, value) => sum + value, 0) / values.length, values[0] as number];
  }
  const evaluated = tf.tidy(() => {
    const outputs = model.predict(tf.slice(images, 0, [1, -1, -1, -1])) as tf.Tensor | tf.Tensor[];
    return Array.isArray(outputs) ? (outputs[0] as tf.Tensor) : outputs;
  });
  const logits = Array.from(await evaluated.data());
  tf.dispose([images, targets, evaluated, ...velocities.values()]);
  return {
    losses,
    gradient_norms: gradientNorms,
    gradients_step0: gradients,
    running_after_4_steps: running,
    eval_logits_after_4_steps: logits,
  };
}

/** Along the last axis first: one float32 sum over a hundred million elements is off by 1 %. */
function sumOfSquares(x: tf.Tensor): tf.Scalar {
  const squares = tf.square(x);
  return tf.sum(x.rank > 1 ? tf.sum(squares, -1) : squares);
}

function normFirstLast(values: Float32Array): [number, number, number] {
  let sum = 0;
  for (const value of values) sum += value * value;
  return [Math.sqrt(sum), values[0] ?? 0, values.at(-1) ?? 0];
}

export function trainingErrors(figures: TrainingFigures, golden: TrainingGolden): TrainingErrors {
  let gradients = 0;
  let elements = 0;
  // A convolution's bias before a batch norm has a gradient of zero: float32 leaves rounding errors of every weight's
  // scale: an error of 1e-2 stands for a millionth of the largest gradient then.
  const largest = Math.max(...Object.values(golden.gradients_step0).map(([norm]) => norm));
  const unit = (norm: number) => (norm < 1e-9 * largest ? 1e-4 * largest : norm);
  for (const [key, [norm, first, last]] of Object.entries(golden.gradients_step0)) {
    const own = figures.gradients_step0[key] ?? [Number.NaN, Number.NaN, Number.NaN];
    gradients = Math.max(gradients, Math.abs(own[0] - norm) / unit(norm));
    const count = (golden.state[key] ?? []).reduce((product, size) => product * size, 1);
    const scale = unit(norm) / Math.sqrt(count);
    elements = Math.max(elements, Math.abs(own[1] - first) / scale, Math.abs(own[2] - last) / scale);
  }
  let running = 0;
  for (const [key, values] of Object.entries(golden.running_after_4_steps))
    values.forEach((value, index) => {
      const own = figures.running_after_4_steps[key]?.[index] ?? Number.NaN;
      // Means may be near zero: errors count against the unit scale of normalized activations then.
      running = Math.max(running, Math.abs(own - value) / Math.max(Math.abs(value), 1));
    });
  const ofSteps = (own: readonly number[], expected: readonly number[]) =>
    expected.map((value, step) => Math.abs((own[step] ?? Number.NaN) - value) / value);
  return {
    losses: ofSteps(figures.losses, golden.losses),
    gradient_norms: ofSteps(figures.gradient_norms, golden.gradient_norms),
    gradients_step0: gradients,
    gradient_elements_step0: elements,
    running_after_4_steps: running,
    eval_logits_after_4_steps: relativeError(figures.eval_logits_after_4_steps, golden.eval_logits_after_4_steps),
  };
}

/**
 * Bars are this many times the error of PyTorch's float32, because another order of sums is off by another number of that size.
 * Where PyTorch happens to be nearly exact, the floors below hold.
 */
const multiple = 8;
const floors: { readonly [Figure in keyof TrainingErrors]: number } = {
  losses: 1e-4,
  gradient_norms: 1e-3,
  gradients_step0: 1e-3,
  gradient_elements_step0: 1e-2,
  running_after_4_steps: 1e-4,
  eval_logits_after_4_steps: 1e-4,
};

/** Fails the current test where figures are further from PyTorch's float64 than a small multiple of PyTorch's own float32. */
export function expectGoldenTraining(figures: TrainingFigures, golden: TrainingGolden): void {
  expect(difference(figures.gradients_step0, golden.gradients_step0)).toEqual([]);
  expect(difference(figures.running_after_4_steps, golden.running_after_4_steps)).toEqual([]);
  const errors = trainingErrors(figures, golden);
  for (const [figure, floor] of Object.entries(floors) as [keyof TrainingErrors, number][]) {
    const float32 = [golden.float32[figure]].flat();
    for (const [step, error] of [errors[figure]].flat().entries())
      expect(error, `${figure}[${step}]`).toBeLessThanOrEqual(Math.max(floor, multiple * (float32[step] ?? 0)));
  }
}

function difference(a: object, b: object): string[] {
  return [
    ...Object.keys(a).filter((key) => !Object.hasOwn(b, key)),
    ...Object.keys(b).filter((key) => !Object.hasOwn(a, key)),
  ];
}

/** The L2 norm of the difference, relative to that of `expected`. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += ((actual[i] ?? Number.NaN) - (expected[i] ?? 0)) ** 2;
    norm += (expected[i] ?? 0) ** 2;
  }
  return Math.sqrt(difference / norm);
}
