import type { Image } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from './classifier.js';
import type { View } from './protocol.js';

/** A picture, and how error messages call it. */
export interface NamedImage {
  readonly image: Image;
  readonly name: string;
}

/** An input of the network, and the picture whose probabilities it counts for. */
interface PlacedView extends View {
  readonly picture: number;
}

/** Inputs of one forward pass by default: the pixels of 32 pictures of 224 x 224, and never more than this many. */
const pixelsPerPass = 32 * 224 * 224;
const mostInputs = 128;

/** How many inputs of a size one forward pass takes. */
export function inputsPerPass(batchSize: number | undefined, height: number, width: number): number {
  if (batchSize !== undefined) return batchSize;
  return Math.min(mostInputs, Math.max(1, Math.floor(pixelsPerPass / Math.max(1, height * width))));
}

/** How many pictures are read and computed together, so that their inputs fill a forward pass. */
export function picturesPerPass(networks: readonly Network[], batchSize: number | undefined): number {
  const [height, width] = networks[0]?.format.crop ?? [1, 1];
  const most = Math.max(...networks.map(({ protocol }) => protocol.inputsPerPicture));
  return Math.max(1, Math.floor(inputsPerPass(batchSize, height, width) / most));
}

/**
 * Class probabilities of pictures: softmax of the logits, averaged over a picture's views, then over the networks. The views of all
 * pictures that have the same size go through the network together.
 * @returns for each picture an array of as many probabilities as there are classes
 * @throws RangeError naming the picture whose views cannot be made or do not fit the network
 */
export async function classProbabilities(
  networks: readonly Network[],
  pictures: readonly NamedImage[],
  batchSize?: number,
): Promise<Float64Array[]> {
  const classes = networks[0]?.classes ?? 0;
  const means = pictures.map(() => new Float64Array(classes));
  for (const network of networks) {
    const groups = new Map<string, PlacedView[]>();
    for (const [picture, named] of pictures.entries())
      for (const view of viewsOf(network, named)) {
        const { width, height, channels } = view.input;
        const key = `${view.dense} ${height} ${width} ${channels}`;
        const group = groups.get(key) ?? [];
        group.push({ ...view, picture });
        groups.set(key, group);
      }
    for (const views of groups.values()) {
      const { height = 1, width = 1 } = views[0]?.input ?? {};
      const size = inputsPerPass(batchSize, height, width);
      for (let start = 0; start < views.length; start += size)
        await addProbabilities(means, network, views.slice(start, start + size), networks.length);
    }
  }
  return means;
}

/** One forward pass over views of the same size. */
async function addProbabilities(
  means: readonly Float64Array[],
  network: Network,
  views: readonly PlacedView[],
  networks: number,
): Promise<void> {
  const [first] = views;
  if (first === undefined) return;
  const { height, width, channels } = first.input;
  const values = new Float32Array(views.length * first.input.data.length);
  for (const [i, { input }] of views.entries()) values.set(input.data, i * input.data.length);
  const logits = tf.tidy(() =>
    network.logits(tf.tensor4d(values, [views.length, height, width, channels]), first.dense),
  );
  const rows = (await logits.data()) as Float32Array;
  logits.dispose();
  for (const [i, { picture, weight }] of views.entries()) {
    const mean = means[picture];
    if (mean !== undefined)
      addSoftmax(mean, rows.subarray(i * network.classes, (i + 1) * network.classes), weight / networks);
  }
}

/** In float64, so that no class gets a probability of exactly 0 whose logarithm nobody can use. */
function addSoftmax(mean: Float64Array, logits: Float32Array, weight: number): void {
  let largest = Number.NEGATIVE_INFINITY;
  // Math.max, so that one NaN makes all of them NaN.
  for (const logit of logits) largest = Math.max(largest, logit);
  const exponentials = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  for (const [k, value] of exponentials.entries()) mean[k] = (mean[k] ?? 0) + (weight * value) / sum;
}

function viewsOf({ protocol, format }: Network, { image, name }: NamedImage): readonly View[] {
  let views: readonly View[];
  try {
    views = protocol.views(image, format);
  } catch (error) {
    throw new RangeError(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (views.length === 0) throw new RangeError(`${name}: protocol '${protocol.name}' gives no inputs`);
  for (const { input, dense } of views) {
    const { width, height, channels, data } = input;
    const [cropHeight, cropWidth] = format.crop;
    const fits = dense || ((cropHeight === 0 || height === cropHeight) && (cropWidth === 0 || width === cropWidth));
    const rightChannels = format.channels === null || channels === format.channels;
    if (!fits || !rightChannels || data.length !== width * height * channels)
      throw new RangeError(
        `${name}: the protocol gives ${height} x ${width} x ${channels}, expected ${dense ? 'any x any' : format.crop.map((size) => size || 'any').join(' x ')} x ${format.channels ?? 'any'} for model '${format.model}'`,
      );
  }
  return views;
}
