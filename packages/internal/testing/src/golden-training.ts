/** Four training steps as the golden figures describe them, in plain tfjs, to be compared with PyTorch's. */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { goldenInput } from './golden-numbers.js';
import { loadGoldenWeights, pytorchWeights } from './pytorch-weights.js';

/** A file of training/. */
export interface TrainingGolden {
  readonly input: readonly [channels: number, height: number, width: number];
  readonly batch: number;
  readonly numClasses: number;
  readonly labels: readonly number[];
  readonly optimizer: { readonly lr: number; readonly momentum: number; readonly weightDecay: number };
  readonly labelSmoothing: number;
  readonly auxWeight: number | null;
  readonly losses: readonly number[];
  /** By key: L2 norm, first and last element, in PyTorch's layout. */
  readonly gradients_step0: Readonly<Record<string, readonly [norm: number, first: number, last: number]>>;
  /** By key: mean, first element. */
  readonly running_after_4_steps: Readonly<Record<string, readonly [mean: number, first: number]>>;
  /** Of the first picture. */
  readonly eval_logits_after_4_steps: readonly number[];
  readonly state: Readonly<Record<string, readonly number[]>>;
}

/** What a run gives: the golden's figures of the same names. */
export type TrainingFigures = Pick<TrainingGolden, 'losses' | 'gradients_step0' | 'running_after_4_steps'> & {
  readonly eval_logits_after_4_steps: readonly number[];
};

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
  const velocities = new Map<string, tf.Tensor>();

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
  const gradients: Record<string, [number, number, number]> = {};
  for (let step = 0; step < golden.losses.length; step++) {
    const { value, grads } = tf.variableGrads(loss, variables);
    losses.push((await value.data())[0] as number);
    value.dispose();
    for (const { key, variable, toPytorch } of weights) {
      const gradient = grads[variable.name] as tf.Tensor;
      if (step === 0) gradients[key] = normFirstLast(toPytorch(await gradient.data()));
      const before = velocities.get(key);
      const velocity = tf.tidy(() => {
        const decayed = tf.add(gradient, tf.mul(variable.read(), optimizer.weightDecay));
        const moved = before === undefined ? decayed : tf.add(tf.mul(before, optimizer.momentum), decayed);
        variable.write(tf.sub(variable.read(), tf.mul(moved, optimizer.lr)));
        return moved;
      });
      tf.dispose([gradient, before ?? []]);
      velocities.set(key, velocity);
    }
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
    gradients_step0: gradients,
    running_after_4_steps: running,
    eval_logits_after_4_steps: logits,
  };
}

function normFirstLast(values: Float32Array): [number, number, number] {
  let sum = 0;
  for (const value of values) sum += value * value;
  return [Math.sqrt(sum), values[0] ?? 0, values.at(-1) ?? 0];
}

/** How far figures are from the golden ones. Relative, of the worst. */
export interface TrainingErrors {
  readonly losses: number;
  readonly gradientNorms: number;
  /** Of a gradient's first and last element, relative to the gradient's root mean square. */
  readonly gradientElements: number;
  readonly runningStatistics: number;
  /** L2 of the difference relative to the L2 of the golden logits. */
  readonly logits: number;
  /** The gradient that is furthest off. */
  readonly worstGradient: string;
  /** Keys that only one side has. */
  readonly keys: readonly string[];
}

export function trainingErrors(figures: TrainingFigures, golden: TrainingGolden): TrainingErrors {
  let gradientNorms = 0;
  let gradientElements = 0;
  let worstGradient = '';
  // A convolution's bias before a batch norm has a gradient of zero, of which float32 leaves rounding errors of every weight's
  // scale: an error of 1e-2 stands for a millionth of the largest gradient then.
  const largest = Math.max(...Object.values(golden.gradients_step0).map(([norm]) => norm));
  const unit = (norm: number) => (norm < 1e-9 * largest ? 1e-4 * largest : norm);
  for (const [key, [norm, first, last]] of Object.entries(golden.gradients_step0)) {
    const own = figures.gradients_step0[key];
    if (own === undefined) continue;
    const error = Math.abs(own[0] - norm) / unit(norm);
    if (error > gradientNorms) {
      gradientNorms = error;
      worstGradient = key;
    }
    const count = golden.state[key]?.reduce((product, size) => product * size, 1) ?? 1;
    const scale = unit(norm) / Math.sqrt(count);
    gradientElements = Math.max(gradientElements, Math.abs(own[1] - first) / scale, Math.abs(own[2] - last) / scale);
  }
  let runningStatistics = 0;
  for (const [key, values] of Object.entries(golden.running_after_4_steps))
    values.forEach((value, index) => {
      const own = figures.running_after_4_steps[key]?.[index] ?? Number.NaN;
      // Means may be near zero: errors count against the unit scale of normalised activations then.
      runningStatistics = Math.max(runningStatistics, Math.abs(own - value) / Math.max(Math.abs(value), 1));
    });
  return {
    losses: Math.max(
      ...golden.losses.map((loss, step) => Math.abs((figures.losses[step] ?? Number.NaN) - loss) / loss),
    ),
    gradientNorms,
    gradientElements,
    worstGradient,
    runningStatistics,
    logits: relativeError(figures.eval_logits_after_4_steps, golden.eval_logits_after_4_steps),
    keys: [
      ...difference(figures.gradients_step0, golden.gradients_step0),
      ...difference(figures.running_after_4_steps, golden.running_after_4_steps),
    ],
  };
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
