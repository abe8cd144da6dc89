/** A padding that the operation after it can do itself. */
import type { Reading } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';

/** From here on a number is as low as a float32 can be: some write it where they mean -Infinity. */
const lowestFloat = -3.4e38;

/**
 * The input of a padding of height and width with a value, and the whole padding around it.
 * @param padding around `x`: top, left, bottom, right
 * @returns null where `x` is something else
 */
export function unpadded(x: LazyNode, value: number, padding: readonly number[]): Reading | null {
  const [inner] = x.inputs;
  if (x.name !== 'PadV2' || x.value !== null || inner === undefined || x.shape.length !== 4) return null;
  const {
    before,
    after,
    value: padded,
  } = x.attributes as {
    before: readonly number[];
    after: readonly number[];
    value: number;
  };
  const sameValue = padded === value || (value === -Infinity && padded <= lowestFloat);
  const [batchBefore, above, leftOf, channelsBefore] = before as [number, number, number, number];
  const [batchAfter, below, rightOf, channelsAfter] = after as [number, number, number, number];
  if (!sameValue || [batchBefore, batchAfter, channelsBefore, channelsAfter].some((size) => size !== 0)) return null;
  const [top, left, bottom, right] = padding as [number, number, number, number];
  return { x: inner, pads: [top + above, left + leftOf, bottom + below, right + rightOf] };
}
