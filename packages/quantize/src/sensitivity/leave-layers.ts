/** Which layers have to stay in float so that no more accuracy is lost than is allowed. */
import type { CalibratedNetwork } from '../network/calibrated-network.js';
import { type Answers, compareNetworks } from './compare-networks.js';
import type { LabelledImages } from './labelled-images.js';

export interface Allowance {
  readonly images: LabelledImages;
  /** In points of accuracy. */
  readonly maxLoss: number;
  /** Layers that stay in float whatever they cost. */
  readonly exclude: readonly string[];
}

export interface Left {
  /** Layers that stay in float, the worst first. */
  readonly layers: readonly string[];
  /** Points of accuracy below float. */
  readonly loss: number;
}

/** Images on which layers are put in order: scores differ by much less than answers, so that few of them tell. */
const imagesForOrder = 500;

/**
 * Of the layers in the order of what they cost alone, the fewest of which are left in float until the loss is small enough. That is searched by halving,
 * so that a network of 50 layers is tried six times.
 * @throws RangeError where even the network with one layer of integers loses more
 */
export async function layersToLeave(
  network: CalibratedNetwork,
  { images, maxLoss, exclude }: Allowance,
): Promise<Left> {
  const written = (left: readonly string[]) => () => network.write([...exclude, ...left], {});
  const compare = (networks: readonly (() => Uint8Array)[], every: number) =>
    compareNetworks({ ...network, images, every }, networks);
  const lossWith = async (left: readonly string[]) => {
    const { accuracy, networks, images: count } = await compare([written(left)], 1);
    // Of whole images, so that 0.5 points of 200 images are one of them whatever rounding says.
    return { loss: (100 * Math.round((accuracy - (networks[0]?.accuracy ?? 0)) * count)) / count, count };
  };
  const { loss, count } = await lossWith([]);
  if (loss <= maxLoss) return { layers: [], loss };
  const names = network.layers.map(({ name }) => name);
  const alone = names.map((name) => written(names.filter((each) => each !== name)));
  const { networks } = await compare(alone, Math.max(1, Math.floor(count / imagesForOrder)));
  const order = worstFirst(names, networks);
  // All of `enough` are enough, and those of `few` are not.
  let [few, enough] = [0, names.length];
  let found: Left | null = null;
  while (enough - few > 1) {
    const middle = (few + enough) >> 1;
    const layers = order.slice(0, middle);
    const { loss: lost } = await lossWith(layers);
    if (lost <= maxLoss) [enough, found] = [middle, { layers, loss: lost }];
    else few = middle;
  }
  if (found === null)
    throw new RangeError(
      `no layer of ${network.signature.model} can be of integers with a loss of at most ${maxLoss} points: all of them lose ${loss.toFixed(2)} on ${count} images`,
    );
  return found;
}

function worstFirst(names: readonly string[], answers: readonly Answers[]): string[] {
  return names
    .map((name, i) => ({ name, error: answers[i]?.error ?? 0 }))
    .sort((a, b) => b.error - a.error)
    .map(({ name }) => name);
}
