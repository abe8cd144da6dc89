/** Networks beside the one in float, on the same images. Of the scores only sums are kept. */
import { type GraphValue, type OnnxFileSignature, openOnnxGraph } from '@cnnzoo/backend-onnx';
import { graphImages } from '../calibrate/image-batches.js';
import { sizeOf } from '../graph/tensors.js';
import { batchesOf, checkBatch, checkLabels, type LabelledImages } from './labelled-images.js';

/** What a network answers, beside the one in float. */
export interface Answers {
  /** Shares of the images, from 0 to 1. */
  readonly accuracy: number;
  readonly agreement: number;
  /** How far its scores are from those in float: the root of the squares' sum, by that of the float scores around their mean. */
  readonly error: number;
}

export interface Compared {
  readonly images: number;
  /** Of the network in float. */
  readonly accuracy: number;
  readonly networks: readonly Answers[];
}

export interface Comparison {
  readonly signature: OnnxFileSignature;
  readonly float: Uint8Array;
  readonly images: LabelledImages;
  /** Every which batch is taken; 1 for all. */
  readonly every: number;
}

/** Images in memory at a time. */
const bytesAtOnce = 2 ** 28;

/**
 * One network is open at a time: threads of others would spin, and take the processor from it.
 * @param networks each of which makes the bytes of its file
 * @param onProgress called with how many of them are done, of as many images as are in memory at a time
 */
export async function compareNetworks(
  comparison: Comparison,
  networks: readonly (() => Uint8Array)[],
  onProgress: (done: number) => void = () => {},
): Promise<Compared> {
  const { signature, float } = comparison;
  const sums = networks.map((): Sums => ({ correct: 0, same: 0, squares: 0 }));
  let [count, correct, power] = [0, 0, 0];
  for await (const part of parts(comparison)) {
    const exact = scoresOf(float, part, signature);
    for (const [i, scores] of exact.entries()) {
      const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
      count++;
      if (largest(scores) === part.labels[i]) correct++;
      power += scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
    }
    for (const [n, network] of networks.entries()) {
      const each = sums[n];
      if (each === undefined) continue;
      for (const [i, scores] of scoresOf(network(), part, signature).entries()) {
        const row = exact[i] ?? none;
        const guess = largest(scores);
        if (guess === part.labels[i]) each.correct++;
        if (guess === largest(row)) each.same++;
        each.squares += row.reduce((sum, score, k) => sum + (score - (scores[k] ?? 0)) ** 2, 0);
      }
      onProgress(n + 1);
    }
  }
  if (count === 0) throw new RangeError('test has no images, expected at least one');
  return {
    images: count,
    accuracy: correct / count,
    networks: sums.map((each) => ({
      accuracy: each.correct / count,
      agreement: each.same / count,
      error: power === 0 ? 0 : Math.sqrt(each.squares / power),
    })),
  };
}

interface Sums {
  correct: number;
  same: number;
  squares: number;
}

interface Part {
  readonly inputs: GraphValue[];
  readonly labels: number[];
}

async function* parts({ signature, images, every }: Comparison): AsyncGenerator<Part> {
  const classes = sizeOf(signature.outputShape);
  let [part, bytes, index]: [Part, number, number] = [{ inputs: [], labels: [] }, 0, 0];
  for await (const given of batchesOf(images)) {
    const name = `test[${index}]`;
    const batch = checkBatch(given, name);
    index++;
    if ((index - 1) % every !== 0) continue;
    const input = graphImages(batch.images, `${name}.images`, signature);
    checkLabels(batch.labels, name, input.dims[0] ?? 1, classes);
    part.inputs.push(input);
    part.labels.push(...Array.from(batch.labels));
    bytes += input.data.byteLength;
    if (bytes < bytesAtOnce) continue;
    yield part;
    [part, bytes] = [{ inputs: [], labels: [] }, 0];
  }
  if (part.labels.length > 0) yield part;
}

const none = new Float32Array(0);

/** @returns those of each image */
function scoresOf(
  model: Uint8Array,
  { inputs }: Part,
  { input, output, outputShape }: OnnxFileSignature,
): Float32Array[] {
  const session = openOnnxGraph(model);
  const classes = sizeOf(outputShape);
  try {
    return inputs.flatMap((images) => {
      const data = session.fetch(new Map([[input, images]]), [output]).get(output)?.data;
      if (!(data instanceof Float32Array)) throw new TypeError(`the network's output ${output} is not of float32`);
      return Array.from({ length: data.length / classes }, (_, i) => data.subarray(i * classes, (i + 1) * classes));
    });
  } finally {
    session.dispose();
  }
}

/** Of equal ones the first. */
function largest(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if ((scores[i] ?? 0) > (scores[best] ?? 0)) best = i;
  return best;
}
