/** Sums over the images of a batch, in chunks of images: what is made for a chunk stays small. */
import { at } from '../../graph/at.js';
import type { OnnxGraph } from '../../graph/onnx-graph.js';

/** Bytes that are made for one chunk. */
const chunkBytes = 2 ** 26;

type Pair = readonly [string, string];

/**
 * @param bytes of what `sum` makes for one image
 * @param values names of two values [batch, …] that are split
 * @param sum of the images of one chunk: given the parts of the values and how many images they have, it returns a name
 * @returns the name of the sum over all chunks
 */
export function sumInChunks(
  graph: OnnxGraph,
  batch: number,
  bytes: number,
  [left, right]: Pair,
  sum: (parts: Pair, images: number) => string,
): string {
  const most = Math.max(1, Math.min(batch, Math.floor(chunkBytes / bytes)));
  if (most === batch) return sum([left, right], batch);
  const chunks = Array.from({ length: Math.ceil(batch / most) }, (_, chunk) => Math.min(most, batch - chunk * most));
  const [lefts, rights] = [graph.split(left, chunks, 0), graph.split(right, chunks, 0)];
  return graph.op(
    'Sum',
    chunks.map((images, chunk) => sum([at(lefts, chunk), at(rights, chunk)], images)),
  );
}
