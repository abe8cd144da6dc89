import {
  abortSignal,
  callable,
  check,
  checkOptions,
  integer,
  layersModel,
  type OptionRules,
  optional,
  positive,
} from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { drawPanel } from '../logs/chart.js';
import type { Loss } from '../loop/backward.js';
import { type Loader, loaderRule } from '../loop/batch.js';
import type { StepRecord } from '../loop/events.js';
import { train } from '../loop/train.js';
import { TrainingError } from '../loop/training-error.js';
import { optimizerRule, type StatefulOptimizer } from '../optimizers/optimizer.js';

/** The options of `findLearningRate`. */
export interface FindLearningRateOptions {
  /** One of this package's, made for this search; it is disposed at the end. */
  readonly optimizer: StatefulOptimizer;
  /** The learning rate of the first step. Default 1e-7. */
  readonly from?: number;
  /** That of the last. Default 10. */
  readonly to?: number;
  /** Updates of the weights at most. The search ends earlier where the loss is four times its smallest. Default 100. */
  readonly steps?: number;
  /** As `train`'s. Default: cross-entropy on logits. */
  readonly loss?: Loss;
  /** Told of each step. */
  readonly onStep?: (step: StepRecord) => void;
  /** Ends the search after the current step. */
  readonly abort?: AbortSignal;
}

/** Losses at growing learning rates. */
export interface LearningRateCurve {
  /** A third of the way down the longest descent of the loss, halfway into its second third: fastai's "valley". Null where the loss never fell. */
  readonly suggestion: number | null;
  readonly points: readonly {
    readonly learningRate: number;
    readonly loss: number;
    /** The mean of the losses so far, in which the last fifty or so count. */
    readonly smoothedLoss: number;
  }[];
  /** The curve with its suggestion: a self-contained SVG, 560 x 340. */
  readonly svg: string;
}

const rules: OptionRules<FindLearningRateOptions> = {
  optimizer: optimizerRule,
  from: optional(positive),
  to: optional(positive),
  steps: optional(integer(10)),
  loss: optional(callable<Loss>('a function of labels and logits')),
  onStep: optional(callable<(step: StepRecord) => void>('a function of the step')),
  abort: optional(abortSignal),
};

/** Weight of the losses before in the smoothed one, as in fastai. */
const smoothing = 0.98;
/** The search ends where the smoothed loss is this many times its smallest. */
const diverged = 4;

/**
 * Tries growing learning rates, one a step, and says at which the loss falls well (Smith, "Cyclical learning rates for training neural networks" (2017), section 3.3). The model has the
 * weights and running statistics afterwards that it had before.
 * @param model as for `train`
 * @param loader gives the batches; some epochs of it, where an epoch has fewer than `steps`
 * @returns the losses, a suggestion and a chart
 * @throws TypeError or RangeError naming the argument that is wrong, before any work
 * @example
 * import { adamw, findLearningRate } from '@cnnzoo/train';
 *
 * const { suggestion, svg } = await findLearningRate(model, loader, { optimizer: adamw({ learningRate: 1e-3 }) });
 */
export async function findLearningRate(
  model: LayersModel,
  loader: Loader,
  options: FindLearningRateOptions,
): Promise<LearningRateCurve> {
  check('model', model, layersModel<LayersModel>());
  check('loader', loader, loaderRule);
  const {
    optimizer,
    from = 1e-7,
    to = 10,
    steps = 100,
    loss,
    onStep,
    abort,
  } = checkOptions<FindLearningRateOptions>('findLearningRate', options, rules);
  if (from >= to) throw new RangeError(`from must be less than to, which is ${to}, got ${from}`);
  const rateAt = (step: number) => from * (to / from) ** (step / (steps - 1));
  const points: LearningRateCurve['points'][number][] = [];
  const stop = new AbortController();
  const follow = () => stop.abort();
  abort?.addEventListener('abort', follow);
  if (abort?.aborted) stop.abort();
  const before = model.weights.map((weight) => weight.read().clone());
  let [mean, smallest] = [0, Number.POSITIVE_INFINITY];
  try {
    await train(model, loader, {
      epochs: Math.ceil(steps / loader.batchesPerEpoch),
      optimizer,
      schedule: ({ step }) => rateAt(step) / optimizer.learningRate,
      warnings: false,
      abort: stop.signal,
      ...(loss === undefined ? {} : { loss }),
      onEvent: (event) => {
        if (event.type !== 'step' || points.length >= steps) return;
        mean = smoothing * mean + (1 - smoothing) * event.loss;
        const smoothedLoss = mean / (1 - smoothing ** (points.length + 1));
        points.push({ learningRate: rateAt(points.length), loss: event.loss, smoothedLoss });
        smallest = Math.min(smallest, smoothedLoss);
        onStep?.(event);
        if (points.length === steps || smoothedLoss > diverged * smallest) stop.abort();
      },
    });
  } catch (error) {
    // A loss that is no longer finite is what a search comes to at its end.
    if (!(error instanceof TrainingError)) throw error;
  } finally {
    abort?.removeEventListener('abort', follow);
    for (const [index, weight] of model.weights.entries()) {
      const value = before[index];
      if (value !== undefined) weight.write(value);
    }
    tf.dispose(before);
    optimizer.dispose();
  }
  const suggestion = valley(points);
  return { suggestion, points, svg: curve(points, suggestion) };
}

/** The longest run of losses that fall, not necessarily one after another; of it the point that fastai takes. */
function valley(points: LearningRateCurve['points']): number | null {
  const lengths = points.map(() => 1);
  let end = 0;
  for (let i = 1; i < points.length; i++) {
    for (let j = 0; j < i; j++)
      if ((points[i]?.smoothedLoss ?? 0) < (points[j]?.smoothedLoss ?? 0))
        lengths[i] = Math.max(lengths[i] ?? 1, (lengths[j] ?? 1) + 1);
    if ((lengths[i] ?? 1) > (lengths[end] ?? 1)) end = i;
  }
  const length = lengths[end] ?? 1;
  if (length < 2) return null;
  const third = length / 3;
  return points[end - length + Math.floor(third) + Math.floor(third / 2)]?.learningRate ?? null;
}

function curve(points: LearningRateCurve['points'], suggestion: number | null): string {
  const at = (learningRate: number) => Math.log10(learningRate);
  const chosen = points.filter(({ learningRate }) => learningRate === suggestion);
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 340" width="560" height="340" font-family="sans-serif" font-size="12" fill="#222">',
    '<title>The loss at growing learning rates</title>',
    '<rect width="560" height="340" fill="#fff"/>',
    `<text x="290" y="24" text-anchor="middle" font-size="16">${suggestion === null ? 'The loss did not fall' : `Suggested learning rate: ${suggestion.toPrecision(2)}`}</text>`,
    drawPanel({
      left: 70,
      width: 450,
      xLabel: 'learning rate',
      yLabel: 'loss, smoothed',
      xTick: (power) => `1e${power}`,
      series: [
        { color: '#2563ab', points: points.map((point) => [at(point.learningRate), point.smoothedLoss]), dots: 0 },
        { color: '#d1495b', points: chosen.map((point) => [at(point.learningRate), point.smoothedLoss]), dots: 5 },
      ],
    }),
    '</svg>\n',
  ].join('\n');
}
