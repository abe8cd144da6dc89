import type { Image } from '@cnnzoo/transforms';
import { inputsOfImage, type View } from '../protocols/protocol.js';
import type { Network } from './classifier.js';
import { forwardPasses, inputsPerPass } from './forward-passes.js';

/** An image, how error messages call it, and what whoever reads it wants back with its probabilities. */
export interface NamedImage<Known> {
  readonly image: Image;
  readonly name: string;
  readonly known: Known;
}

/** What the networks say of an image. */
export interface Answer<Known> {
  readonly index: number;
  readonly known: Known;
  /** One for each class. */
  readonly probabilities: Float64Array;
}

/** Images from index `start` to before `end`. */
export type IndexRange = readonly [start: number, end: number];

/** How many images are answered together, so that their inputs fill a forward pass. */
export function imagesPerBatch(networks: readonly Network[], batchSize: number | undefined): number {
  const [height, width] = networks[0]?.format.crop ?? [1, 1];
  const most = Math.max(...networks.map(({ protocol }) => protocol.inputsPerImage));
  return Math.max(1, Math.floor(inputsPerPass(batchSize, height, width) / most));
}

/**
 * Class probabilities of images: softmax of the logits, averaged over an image's views, then over the networks. Images become inputs
 * as soon as they are read, and the next ones are read meanwhile. A forward pass holds views of one batch only, so that what it gives
 * does not depend on which batches there are.
 * @param batches of images, in order
 * @param read an image by its index
 * @param batchSize inputs in one forward pass, where it is given
 * @returns the answers of each batch, in order
 * @throws RangeError naming the image whose views cannot be made or do not fit the network; what `read` throws
 */
export async function* classProbabilities<Known>(
  networks: readonly Network[],
  batches: readonly IndexRange[],
  read: (index: number) => Promise<NamedImage<Known>>,
  batchSize: number | undefined,
): AsyncGenerator<Answer<Known>[], void, undefined> {
  const classes = networks[0]?.classes ?? 0;
  const passes = forwardPasses(batchSize);
  const images = readAhead(indicesOf(batches), read);
  let before: Promise<Answer<Known>[]> | null = null;
  try {
    for (const [start, end] of batches) {
      const answers: Answer<Known>[] = [];
      for (let index = start; index < end; index++) {
        const { value: image } = await images.next();
        if (image === undefined) break;
        const probabilities = new Float64Array(classes);
        answers.push({ index, known: image.known, probabilities });
        for (const network of networks)
          for (const view of viewsOf(network, image))
            await passes.add(network, view, probabilities, view.weight / networks.length);
      }
      const batch = passes.finish().then(() => answers);
      // It is awaited when its turn comes.
      batch.catch(() => {});
      if (before !== null) yield await before;
      before = batch;
    }
    if (before !== null) yield await before;
  } finally {
    await passes.idle();
  }
}

/** Images that are read at the same time. */
const readers = 4;

/** A few images in chunks; the next chunk is read while this one is computed. */
async function* readAhead<Known>(
  indices: Iterator<number>,
  read: (index: number) => Promise<NamedImage<Known>>,
): AsyncGenerator<NamedImage<Known>, void, undefined> {
  const readSome = () => {
    const reading: Promise<NamedImage<Known>>[] = [];
    for (let next = indices.next(); !next.done; next = indices.next()) {
      reading.push(read(next.value));
      if (reading.length === readers) break;
    }
    const all = Promise.all(reading);
    // It is awaited when its turn comes.
    all.catch(() => {});
    return all;
  };
  for (let next = readSome(); ; ) {
    const images = await next;
    if (images.length === 0) return;
    next = readSome();
    yield* images;
  }
}

function* indicesOf(batches: readonly IndexRange[]): Generator<number, void, undefined> {
  for (const [start, end] of batches) for (let index = start; index < end; index++) yield index;
}

function viewsOf({ protocol, format }: Network, { image, name }: NamedImage<unknown>): readonly View[] {
  let views: readonly View[];
  try {
    views = inputsOfImage(protocol, image, format);
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
