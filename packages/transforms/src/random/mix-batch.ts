import { check, checkOptions, integer, type OptionRules, optional, positive, shown } from '@cnnzoo/checks';
import type { Box } from '../geometry/crop.js';
import { type DrawListener, drawListenerRule, drawPermutation, requireGenerator } from '../transform.js';
import type { RandomGenerator } from './random-generator.js';

/** Images of one size, and their labels. */
export interface PixelBatch {
  /** [count, height, width, channels] */
  readonly data: Float32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** [count] */
  readonly labels: Int32Array;
}

/** A batch whose labels are shares: [count, classes], each row adding up to 1. */
export interface SoftBatch extends Omit<PixelBatch, 'labels'> {
  readonly labels: Float32Array;
}

/** The options of `mixup` and `cutmix`. */
export interface MixOptions {
  /** How many classes there are: the width of the soft labels. */
  readonly numClasses: number;
  /** Of the beta distribution from which the share is drawn. Default 1 (uniform) for cutmix, 0.2 for mixup. */
  readonly alpha?: number;
}

const mixRules: OptionRules<MixOptions> = {
  numClasses: /* @__PURE__ */ integer(1),
  alpha: /* @__PURE__ */ optional(positive),
};

/** How a batch mixer was made, as plain data: a worker thread makes the same one again from it. */
export interface BatchTransform {
  (batch: PixelBatch, random: RandomGenerator, onDraw?: DrawListener): SoftBatch;
  readonly description: { readonly name: 'mixup' | 'cutmix'; readonly options: MixOptions };
}

/**
 * Mixup (Zhang et al. 2017): each image becomes lambda of itself and 1 - lambda of another of the batch, and so does its
 * label. Lambda is drawn once per batch from beta(alpha, alpha).
 * @throws RangeError where an argument is wrong
 * @example
 * import { mixup, randomGenerator } from '@cnnzoo/transforms';
 * const batch = { data: new Float32Array(2 * 4), count: 2, height: 2, width: 2, channels: 1, labels: Int32Array.of(0, 2) };
 * console.log(mixup({ numClasses: 3 })(batch, randomGenerator(1)).labels.length); // 6
 */
export function mixup(options: MixOptions): BatchTransform {
  const { numClasses, alpha = 0.2 } = checkOptions<MixOptions>('mixup', options, mixRules);
  return Object.assign(
    (batch: PixelBatch, random: RandomGenerator, onDraw?: DrawListener) => {
      checkBatch(batch, numClasses);
      requireGenerator('mixup', random);
      check('onDraw', onDraw, drawListenerRule);
      const lambda = random.beta(alpha, alpha);
      const partners = drawPermutation(random, batch.count);
      onDraw?.({ transform: 'mixup', lambda, partners });
      const size = batch.data.length / batch.count;
      const data = new Float32Array(batch.data.length);
      for (let i = 0; i < batch.count; i++) {
        const partner = (partners[i] ?? 0) * size;
        for (let j = 0; j < size; j++)
          data[i * size + j] = lambda * (batch.data[i * size + j] ?? 0) + (1 - lambda) * (batch.data[partner + j] ?? 0);
      }
      return { ...batch, data, labels: softLabels(batch.labels, partners, lambda, numClasses) };
    },
    { description: { name: 'mixup' as const, options } },
  );
}

/**
 * CutMix (Yun et al. 2019): a box of each image is replaced by that of another of the batch, and the label's share is the
 * area that is left. The box is drawn once per batch: its area is 1 - lambda, lambda from beta(alpha, alpha), before it is cut
 * off at the image's edge.
 * @throws RangeError where an argument is wrong
 * @example
 * import { cutmix, randomGenerator } from '@cnnzoo/transforms';
 * const batch = { data: new Float32Array(2 * 4), count: 2, height: 2, width: 2, channels: 1, labels: Int32Array.of(0, 2) };
 * console.log(cutmix({ numClasses: 3 })(batch, randomGenerator(1)).labels.length); // 6
 */
export function cutmix(options: MixOptions): BatchTransform {
  const { numClasses, alpha = 1 } = checkOptions<MixOptions>('cutmix', options, mixRules);
  return Object.assign(
    (batch: PixelBatch, random: RandomGenerator, onDraw?: DrawListener) => {
      checkBatch(batch, numClasses);
      requireGenerator('cutmix', random);
      check('onDraw', onDraw, drawListenerRule);
      const { count, height, width, channels } = batch;
      const box = drawBox(height, width, random.beta(alpha, alpha), random);
      const lambda = 1 - (box.height * box.width) / (height * width);
      const partners = drawPermutation(random, count);
      onDraw?.({ transform: 'cutmix', lambda, box, partners });
      const data = batch.data.slice();
      for (let i = 0; i < count; i++)
        for (let y = box.top; y < box.top + box.height; y++) {
          const to = ((i * height + y) * width + box.left) * channels;
          const from = (((partners[i] ?? 0) * height + y) * width + box.left) * channels;
          data.set(batch.data.subarray(from, from + box.width * channels), to);
        }
      return { ...batch, data, labels: softLabels(batch.labels, partners, lambda, numClasses) };
    },
    { description: { name: 'cutmix' as const, options } },
  );
}

/** One row per image with 1 at its label. */
function oneHot(labels: Int32Array, numClasses: number): Float32Array {
  const rows = new Float32Array(labels.length * numClasses);
  labels.forEach((label, i) => {
    rows[i * numClasses + label] = 1;
  });
  return rows;
}

function softLabels(labels: Int32Array, partners: Uint32Array, lambda: number, numClasses: number): Float32Array {
  const own = oneHot(labels, numClasses);
  const others = oneHot(
    labels.map((_, i) => labels[partners[i] ?? 0] ?? 0),
    numClasses,
  );
  return own.map((value, i) => lambda * value + (1 - lambda) * (others[i] ?? 0));
}

function drawBox(height: number, width: number, lambda: number, random: RandomGenerator): Box {
  const side = Math.sqrt(1 - lambda);
  const centerY = random.integer(0, height);
  const centerX = random.integer(0, width);
  const halfHeight = Math.floor((height * side) / 2);
  const halfWidth = Math.floor((width * side) / 2);
  const top = Math.max(0, centerY - halfHeight);
  const left = Math.max(0, centerX - halfWidth);
  return {
    top,
    left,
    height: Math.min(height, centerY + halfHeight) - top,
    width: Math.min(width, centerX + halfWidth) - left,
  };
}

function checkBatch(batch: PixelBatch, numClasses: number): void {
  if (typeof batch !== 'object' || batch === null)
    throw new TypeError(`batch must be { data, count, height, width, channels, labels }, got ${shown(batch)}`);
  const { data, count, height, width, channels, labels } = batch;
  if (!(labels instanceof Int32Array)) throw new TypeError(`batch.labels must be an Int32Array, got ${shown(labels)}`);
  if (!(data instanceof Float32Array)) throw new TypeError(`batch.data must be a Float32Array, got ${shown(data)}`);
  for (const [name, value] of Object.entries({ count, height, width, channels }))
    check(`batch.${name}`, value, integer(1));
  if (data.length !== count * height * width * channels || labels.length !== count)
    throw new RangeError(
      `batch must have ${count} labels and ${count} x ${height} x ${width} x ${channels} values, got ${labels.length} and ${data.length}`,
    );
  const wrong = labels.find((label) => label < 0 || label >= numClasses);
  if (wrong !== undefined) throw new RangeError(`labels must be from 0 to ${numClasses - 1}, got ${wrong}`);
}
